"""A segmentation as files: what the store keeps of it, and what a person or a script downloads."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from octcore.measure import SpacingMm, layer_key, thickness_along
from octcore.segment import layers_of
from octcore.taxonomy import LAYER_COLOURS, LAYERS, LESION_COLOURS, LESIONS, SURFACES

_COVER = 0.45
"""How much of a lesion's colour covers the scan in the overlay."""


def labels_png(lesions: NDArray[np.uint8], mask: str = "") -> bytes:
    """A label map, uint8 (H, W), as a grey PNG of the same values. ``mask``: which outlines, kept in it as a text."""
    return _png(lesions, mask)


def labels_of(png: bytes) -> NDArray[np.uint8]:
    """The reverse of `labels_png`."""
    return np.asarray(Image.open(io.BytesIO(png)).convert("L"), np.uint8).copy()


def surfaces_npz(surfaces: NDArray[np.float32]) -> bytes:
    """Surfaces, float32 (8, W), as a NumPy archive."""
    return npz(surfaces=surfaces)


def surfaces_of(npz: bytes) -> NDArray[np.float32]:
    """The reverse of `surfaces_npz`."""
    with np.load(io.BytesIO(npz), allow_pickle=False) as archive:
        return np.asarray(archive["surfaces"], np.float32)


def everything_npz(
    lesions: NDArray[np.uint8], surfaces: NDArray[np.float32], spacing: SpacingMm, mask: str = "original"
) -> bytes:
    """The download: ``lesions`` and ``layers`` uint8 (H, W), ``surfaces`` float32 (8, W) in rows, ``spacing_mm`` (axial,
    lateral; NaN where it is not known), ``mask`` (which outlines), and the names that the values stand for."""
    return npz(
        mask=np.array(mask),
        lesions=lesions,
        layers=layers_of(surfaces, lesions.shape[0]),
        surfaces=surfaces,
        spacing_mm=np.array([np.nan if s is None else s for s in spacing], np.float64),
        lesion_names=np.array(["background", *LESIONS]),
        layer_names=np.array(["outside", *LAYERS]),
        surface_names=np.array(SURFACES),
    )


def overlay_png(scan: NDArray[np.uint8], lesions: NDArray[np.uint8], surfaces: NDArray[np.float32], mask: str = "") -> bytes:
    """`overlay` as a PNG. ``mask``: as in `labels_png`."""
    return _png(overlay(scan, lesions, surfaces), mask)


def overlay(scan: NDArray[np.uint8], lesions: NDArray[np.uint8], surfaces: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The scan, uint8 (H, W) or (H, W, 3), with every lesion shaded and every surface as a line: uint8 (H, W, 3)."""
    picture = np.repeat(scan[..., None], 3, axis=2) if scan.ndim == 2 else scan[..., :3]
    mixed = picture.astype(np.float32)
    for value, name in enumerate(LESIONS, start=1):
        here = lesions == value
        mixed[here] = mixed[here] * (1 - _COVER) + np.array(_rgb(LESION_COLOURS[name]), np.float32) * _COVER
    drawn = np.ascontiguousarray(mixed.round().astype(np.uint8))
    for k, surface in enumerate(surfaces):
        colour = _rgb(LAYER_COLOURS[LAYERS[min(k, len(LAYERS) - 1)]])
        columns = np.flatnonzero(np.isfinite(surface))
        for run in np.split(columns, np.flatnonzero(np.diff(columns) > 1) + 1):
            if len(run):
                # Fixed point, a sixteenth of a pixel: cv2 has a pixel's centre at whole numbers, surfaces its edge.
                points = np.stack([run, surface[run] - 0.5], axis=1) * 16
                cv2.polylines(drawn, [points.round().astype(np.int32)], False, colour, 1, cv2.LINE_AA, 4)
    return drawn


def measurements_csv(masks: Mapping[str, Mapping[str, float]], about: Mapping[str, str]) -> bytes:
    """Measurements in long form, a row each: ``about``'s columns, ``mask`` (which outlines), ``measurement``, ``value``."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow([*about, "mask", "measurement", "value"])
    for mask, values in masks.items():
        table.writerows([*map(_cell, about.values()), mask, key, f"{value:.6g}"] for key, value in values.items())
    return b"\xef\xbb\xbf" + out.getvalue().encode()  # with the mark by which Excel knows UTF-8


def thickness_csv(surfaces: NDArray[np.float32], spacing: SpacingMm) -> bytes:
    """Thickness along the scan, a row a column of it: ``column`` (from 1), ``position_mm``, and the retina and each layer in
    um, in px where the axial spacing is not known. A thickness that is not known is an empty cell."""
    axial, lateral = spacing
    unit, rows = ("um", thickness_along(surfaces) * axial * 1000) if axial else ("px", thickness_along(surfaces))
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    names = [f"{name}_thickness_{unit}" for name in ("retina", *map(layer_key, LAYERS))]
    table.writerow(["column", *(["position_mm"] if lateral else []), *names])
    for k, values in enumerate(rows.T):
        place = [f"{(k + 0.5) * lateral:.5g}"] if lateral else []
        table.writerow([k + 1, *place, *("" if np.isnan(v) else f"{v:.5g}" for v in values)])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _cell(text: str) -> str:
    """Text that no spreadsheet takes for a formula (a file's name is a stranger's)."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _png(pixels: NDArray[np.uint8], mask: str = "") -> bytes:
    note = PngImagePlugin.PngInfo()
    if mask:
        note.add_itxt("mask", mask)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", pnginfo=note)
    return out.getvalue()


def npz(**arrays: NDArray[np.generic]) -> bytes:
    """A compressed archive that is the same bytes for the same arrays (NumPy's own carries the time)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            part = io.BytesIO()
            np.lib.format.write_array(part, np.asarray(array, order="C"), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0)), part.getvalue(), zipfile.ZIP_DEFLATED)
    return out.getvalue()
