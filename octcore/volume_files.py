"""What was found in a volume's slices as one file: what the store keeps of it, and what a person downloads."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray

from octcore.report import npz
from octcore.scan import UNKNOWN_SPACING, Spacing
from octcore.taxonomy import LESIONS, OCT_LABELS, SURFACES


def outlines_npz(lesions: NDArray[np.uint8], surfaces: NDArray[np.float32], spacing_mm: Spacing = UNKNOWN_SPACING) -> bytes:
    """``lesions`` uint8 (S, H, W), ``surfaces`` float32 (S, 8, W) in rows, ``spacing_mm`` (slice, axial, lateral; NaN where
    it is not known), and the names that the values stand for."""
    return npz(
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


def slices_npz(probabilities: NDArray[np.float64], heatmaps: NDArray[np.uint8]) -> bytes:
    """``probabilities`` float64 (S, classes) and ``heatmaps`` uint8 (S, h, w), as `VolumeClassification` has them."""
    return npz(probabilities=probabilities, heatmaps=heatmaps, labels=np.array(OCT_LABELS))


def slices_of(data: bytes) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """The reverse of `slices_npz`."""
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        return np.asarray(archive["probabilities"], np.float64), np.asarray(archive["heatmaps"], np.uint8)
