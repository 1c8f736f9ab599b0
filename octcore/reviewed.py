"""A volume's outlines as reviewed: the model's, and in the slices that a person put right that person's newest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from octcore.store import Review


def newest(reviews: Sequence[Review]) -> dict[int, Review]:
    """Each reviewed slice's newest review, by slice, of reviews in the order of `Store.reviews` (the newest first). Those
    of no slice are left out."""
    found: dict[int, Review] = {}
    for review in reviews:
        if review.slice is not None:
            found.setdefault(review.slice, review)
    return dict(sorted(found.items()))


def as_reviewed(lesions: NDArray[np.uint8], masks: Mapping[int, NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """The label maps, uint8 (S, H, W), with ``masks``, each uint8 (H, W), in their slices' places; ``lesions`` stays as it
    is. Raises ValueError for a mask of another size, IndexError for a slice that there is not."""
    out = lesions.copy()
    for k, mask in masks.items():
        if mask.shape != out.shape[1:]:
            raise ValueError(f"The mask of slice {k} is {mask.shape}, the slices are {out.shape[1:]}.")
        out[k] = mask
    return out
