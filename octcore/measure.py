"""Measures a segmentation: areas, pools, thicknesses. The unit is in each key; nothing is measured that is not known."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from octcore.segment import Segmentation
from octcore.taxonomy import FLUID, LAYERS, LESIONS

SMALLEST_POOL_PX = 20
"""Pixels; a connected region of one kind of fluid that is smaller is not counted as a pool (its area is)."""
CENTRE_MM = 1.0
"""Width of the centre where the lateral spacing is known."""

SpacingMm = tuple[float | None, float | None]
"""Millimetres from row to row (axial) and from column to column (lateral); None where it is not known."""


def measure(segmentation: Segmentation, spacing_mm: SpacingMm | None) -> dict[str, float]:
    """What there is, in numbers without NaN; a value that cannot be known has no key.

    ``spacing_mm``: (axial, lateral). ``*_um`` needs the first, ``*_mm2`` both.

    - ``fluid_area_*``, ``irf_area_*``, ``srf_area_*``, ``drusen_area_*``, ``shrm_area_*``: px, mm2.
    - ``fluid_pools``, ``irf_pools``, ``srf_pools``: regions of one kind, connected also by corners, of at least
      `SMALLEST_POOL_PX` pixels. ``fluid_largest_pool_*``, ``fluid_mean_pool_*``: the largest one's and the mean area (px,
      mm2), 0 where there is none.
    - ``fluid_share_of_retina``: of the pixels between ILM and BM, in [0, 1].
    - ``retina_thickness_mean_*``: ILM to BM (px, um), over the columns in which every surface is known; each layer's
      ``<layer>_thickness_mean_*`` over the same columns, so that the layers' sum is the whole. `thickness_along` has them
      column by column.
    - ``central_1mm_thickness_mean_*``: in the middle millimetre of the picture where the lateral spacing is known (and the
      picture that wide), else ``central_sixth_thickness_mean_*``: in the middle sixth of its width; each layer's there is
      ``central_1mm_<layer>_thickness_mean_*`` (``central_sixth_<layer>_...``). The picture's middle need not be the fovea.
    - ``drusen_height_max_*``: the most drusen pixels in one column (px, um).
    """
    axial, lateral = (_known(s) for s in spacing_mm or (None, None))
    out: dict[str, float] = {}
    _areas(segmentation, out)
    _pools(segmentation.lesions, out)
    drusen = segmentation.lesions == LESIONS.index("DRUSEN") + 1
    out["drusen_height_max_px"] = float(drusen.sum(axis=0).max(initial=0))
    _thicknesses(segmentation.surfaces, lateral, out)
    retina = segmentation.layers > 0
    if retina.any():
        out["fluid_share_of_retina"] = float((segmentation.fluid & retina).sum() / retina.sum())
    return out | _in_units(out, axial, lateral)


def _areas(segmentation: Segmentation, out: dict[str, float]) -> None:
    out["fluid_area_px"] = float(segmentation.fluid.sum())
    for value, name in enumerate(LESIONS, start=1):
        out[f"{name.lower()}_area_px"] = float((segmentation.lesions == value).sum())


def _pools(lesions: NDArray[np.uint8], out: dict[str, float]) -> None:
    """Pools a kind: two kinds that touch are two pools."""
    found = np.zeros(0)
    for name in FLUID:
        mask = np.ascontiguousarray(lesions == LESIONS.index(name) + 1).astype(np.uint8)
        _, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
        sizes = np.asarray(stats)[1:, cv2.CC_STAT_AREA]
        sizes = sizes[sizes >= SMALLEST_POOL_PX]
        out[f"{name.lower()}_pools"] = float(len(sizes))
        found = np.concatenate([found, sizes])
    out["fluid_pools"] = float(len(found))
    out["fluid_largest_pool_px"] = float(found.max(initial=0))
    out["fluid_mean_pool_px"] = float(found.mean()) if len(found) else 0.0


def _thicknesses(surfaces: NDArray[np.float32], lateral: float | None, out: dict[str, float]) -> None:
    """Mean heights in rows; nothing where no column has every surface."""
    width = surfaces.shape[1]
    known = np.isfinite(surfaces).all(axis=0)
    if not known.any():
        return
    layers = np.diff(surfaces.astype(np.float64), axis=0)
    out["retina_thickness_mean_px"] = float(layers[:, known].sum(axis=0).mean())
    for name, layer in zip(LAYERS, layers, strict=True):
        out[f"{layer_key(name)}_thickness_mean_px"] = float(layer[known].mean())
    from_middle = np.abs(np.arange(width) + 0.5 - width / 2)
    if lateral and lateral * width >= CENTRE_MM:
        where, half = "central_1mm", CENTRE_MM / 2 / lateral
    else:
        where, half = "central_sixth", width / 12
    centre = known & (from_middle <= half)
    if centre.any():
        out[f"{where}_thickness_mean_px"] = float(layers[:, centre].sum(axis=0).mean())
        for name, layer in zip(LAYERS, layers, strict=True):
            out[f"{where}_{layer_key(name)}_thickness_mean_px"] = float(layer[centre].mean())


def thickness_along(surfaces: NDArray[np.float32]) -> NDArray[np.float64]:
    """Thickness in every column of a scan, float64 (8, W) in rows, of surfaces (8, W): first the whole retina, then each of
    ``taxonomy.LAYERS``; NaN in a column in which a surface is not known."""
    layers = np.diff(surfaces.astype(np.float64), axis=0)
    along = np.vstack([layers.sum(axis=0, keepdims=True), layers])
    along[:, ~np.isfinite(surfaces).all(axis=0)] = np.nan
    return along


def _known(spacing: float | None) -> float | None:
    """A spacing that can be: a file's zero, negative or NaN is none."""
    return spacing if spacing is not None and np.isfinite(spacing) and spacing > 0 else None


def layer_key(layer: str) -> str:
    """A layer's name as the measurements' keys have it: ``GCL-IPL`` is ``gcl_ipl``."""
    return layer.lower().replace("-", "_")


def _in_units(pixels: dict[str, float], axial: float | None, lateral: float | None) -> dict[str, float]:
    """The measurements in pixels once more, in micrometres and square millimetres as far as the spacing is known."""
    out: dict[str, float] = {}
    for key, value in pixels.items():
        if not key.endswith("_px"):
            continue
        stem = key.removesuffix("_px")
        if "thickness" in stem or "height" in stem:
            if axial:
                out[f"{stem}_um"] = value * axial * 1000
        elif axial and lateral:
            out[f"{stem}_mm2"] = value * axial * lateral
    return out
