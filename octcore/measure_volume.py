"""Measures a segmented volume: fluid by kind, thickness, the ETDRS subfields. The unit is in each key; nothing is guessed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from octcore.etdrs import RADII_MM, Vertical, etdrs
from octcore.fovea import Fovea, find_fovea
from octcore.measure import SMALLEST_POOL_PX
from octcore.scan import Laterality, Scan, Spacing
from octcore.segment import fluid_in
from octcore.taxonomy import FLUID, LESIONS

_NANOLITRES = 1000.0
"""In a cubic millimetre."""
_FLUID = [LESIONS.index(name) for name in FLUID]
_INFERIOR_FIRST = ("VOL", "E2E", "HEYEX XML")
"""Formats of Spectralis, whose volumes run upwards: the first B-scan is the lowest. Other files do not say."""


@dataclass(frozen=True)
class VolumeMeasurements:
    """``values``: numbers by key, without NaN (see `measure_volume`). ``thickness``: float32 (S, W), ILM to the lower border
    of the RPE, in ``unit``: um (px where the axial spacing is not known), NaN where unknown. ``fovea``: the grid's centre.
    ``pixels``: int64 (S, lesions), how many pixels of each of ``taxonomy.LESIONS`` there are in each slice."""

    values: dict[str, float]
    thickness: NDArray[np.float32]
    unit: Literal["um", "px"]
    fovea: Fovea
    pixels: NDArray[np.int64]


def first_slice(scan: Scan) -> Vertical | None:
    """Which end of the retina a volume's first slice lies at; None where the format does not say."""
    return "inferior" if scan.format in _INFERIOR_FIRST and scan.pattern in ("volume", "unknown") else None


def measure_volume(
    lesions: NDArray[np.uint8],
    surfaces: NDArray[np.float32],
    spacing_mm: Spacing,
    laterality: Laterality | None = None,
    first: Vertical | None = None,
) -> VolumeMeasurements:
    """What there is in a volume's ``lesions`` (S, H, W) and ``surfaces`` (S, 8, W), as `VolumeSegmentation` has them.

    A value that cannot be known has no key. ``first``: where the first slice lies.

    - ``fluid_volume_*``, and ``irf_``, ``srf_``, ``drusen_``, ``shrm_volume_*``: ``voxels``, and ``nl`` where all three
      spacings are known; each slice stands for its slice distance.
    - ``slices``, ``slices_with_fluid``: with at least `SMALLEST_POOL_PX` pixels of fluid.
    - ``fluid_share_of_retina``: of the voxels between ILM and BM, in [0, 1].
    - ``retina_thickness_mean_*``: of every known place (px; um needs the axial spacing).
    - ``central_subfield_thickness_um``, the mean in the central 1 mm circle; ``etdrs_<inner|outer>_<quadrant>_um``;
      ``macular_volume_3mm_mm3`` and ``macular_volume_6mm_mm3``, the retina in that circle. They need all three spacings,
      and a scan that reaches far enough (`octcore.etdrs`).
    - ``fovea_slice``, ``fovea_column``: the grid's centre (from 0; see `Fovea`).
    """
    slice_mm, axial, lateral = (s if s is not None and np.isfinite(s) and s > 0 else None for s in spacing_mm)
    pixels = _pixels(lesions)
    values = _volumes(pixels)
    if slice_mm and axial and lateral:
        voxel = slice_mm * axial * lateral * _NANOLITRES
        values |= {k.replace("_voxels", "_nl"): v * voxel for k, v in values.items() if k.endswith("_voxels")}
    fluid = pixels[:, _FLUID].sum(axis=1)
    values["slices"] = float(len(lesions))
    values["slices_with_fluid"] = float((fluid >= SMALLEST_POOL_PX).sum())
    values |= _share(lesions, surfaces, np.flatnonzero(fluid))
    thickness = (surfaces[:, -1] - surfaces[:, 0]) * np.float32(1000 * axial if axial else 1)
    known = np.isfinite(thickness)
    if known.any():
        mean = float(thickness[known].mean(dtype=np.float64))
        values["retina_thickness_mean_px"] = mean / (1000 * axial) if axial else mean
        if axial:
            values["retina_thickness_mean_um"] = mean
    fovea = find_fovea(thickness, slice_mm, lateral) if axial else Fovea.middle(thickness)
    if slice_mm and axial and lateral:
        values |= {"fovea_slice": fovea.slice, "fovea_column": fovea.column}
        grid = etdrs(thickness, slice_mm, lateral, fovea, laterality, first)
        values |= {"central_subfield_thickness_um" if k == "central" else f"etdrs_{k}_um": v.mean for k, v in grid.items()}
        for circles, radius in enumerate(RADII_MM[1:], start=2):
            inside = [v for v in grid.values() if v.ring < circles]
            if len(inside) == 4 * circles - 3:
                values[f"macular_volume_{2 * radius:.0f}mm_mm3"] = sum(v.mean / 1000 * v.area_mm2 for v in inside)
    return VolumeMeasurements(values, np.asarray(thickness, np.float32), "um" if axial else "px", fovea, pixels)


def _pixels(lesions: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Slice by slice: NumPy counts in eight times the bytes."""
    return np.stack([np.bincount(one.ravel(), minlength=len(LESIONS) + 1)[1:] for one in lesions]).astype(np.int64)


def _volumes(pixels: NDArray[np.int64]) -> dict[str, float]:
    counts = pixels.sum(axis=0)
    out = {"fluid_volume_voxels": float(counts[_FLUID].sum())}
    return out | {f"{name.lower()}_volume_voxels": float(counts[k]) for k, name in enumerate(LESIONS)}


def _share(lesions: NDArray[np.uint8], surfaces: NDArray[np.float32], wet: NDArray[np.intp]) -> dict[str, float]:
    """Fluid's share of the retina, as `octcore.segment.layers_of` has it, without drawing it; ``wet``: slices with fluid."""
    known = np.isfinite(surfaces).all(axis=1, keepdims=True)
    whole = np.where(known, surfaces[:, [0, -1]], np.nan)
    rows = np.nan_to_num(np.clip(np.ceil(whole - 0.5), 0, lesions.shape[1]))
    retina = float((rows[:, 1] - rows[:, 0]).sum(dtype=np.float64))
    if not retina:
        return {}
    inside = 0
    for k in wet:
        row, column = np.nonzero(fluid_in(lesions[k]))
        inside += int(((row + 0.5 >= whole[k, 0, column]) & (row + 0.5 < whole[k, 1, column])).sum())
    return {"fluid_share_of_retina": inside / retina}
