"""What was found in a volume's slices as one file: what the store keeps of it, and what a person downloads."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from octcore.report import npz
from octcore.scan import UNKNOWN_SPACING, Spacing
from octcore.taxonomy import LESIONS, OCT_LABELS, SURFACES


def outlines_npz(
    lesions: NDArray[np.uint8],
    surfaces: NDArray[np.float32],
    spacing_mm: Spacing = UNKNOWN_SPACING,
    mask: str = "original",
    reviewed: Mapping[int, str] | None = None,
) -> bytes:
    """``lesions`` uint8 (S, H, W), ``surfaces`` float32 (S, 8, W) in rows, ``spacing_mm`` (slice, axial, lateral; NaN where
    it is not known), ``mask`` (which outlines), ``reviewed_slices`` (from 0) and ``reviews`` (a text each: by whom and
    when) of the slices that a person put right, and the names that the values stand for."""
    corrected = dict(sorted((reviewed or {}).items()))
    return npz(
        mask=np.array(mask),
        reviewed_slices=np.array(list(corrected), np.int64),
        reviews=np.array(list(corrected.values()), np.str_),
        lesions=lesions,
        surfaces=surfaces,
        spacing_mm=np.array([np.nan if s is None else s for s in spacing_mm], np.float64),
        lesion_names=np.array(["background", *LESIONS]),
        surface_names=np.array(SURFACES),
    )


def outlines_of(data: bytes) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """``lesions`` and ``surfaces`` of `outlines_npz`."""
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        return np.asarray(archive["lesions"], np.uint8), np.asarray(archive["surfaces"], np.float32)


def thickness_map_csv(thickness: NDArray[np.float32], unit: str) -> bytes:
    """A map of the retina's thickness, float32 (S, W) in ``unit`` (um, px), as a table: a row a slice, from 1, and a column a
    column of the scan, ``thickness_<unit>_1`` ...; a place that is not known is an empty cell."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(["slice", *(f"thickness_{unit}_{k}" for k in range(1, thickness.shape[1] + 1))])
    for number, row in enumerate(thickness, start=1):
        table.writerow([number, *("" if np.isnan(v) else f"{v:.5g}" for v in row)])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def slices_npz(probabilities: NDArray[np.float64], heatmaps: NDArray[np.uint8]) -> bytes:
    """``probabilities`` float64 (S, classes) and ``heatmaps`` uint8 (S, h, w), as `VolumeClassification` has them."""
    return npz(probabilities=probabilities, heatmaps=heatmaps, labels=np.array(OCT_LABELS))


def slices_of(data: bytes) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """The reverse of `slices_npz`."""
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        return np.asarray(archive["probabilities"], np.float64), np.asarray(archive["heatmaps"], np.uint8)
