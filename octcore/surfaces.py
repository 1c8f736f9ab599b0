"""Layer probabilities to ordered surfaces: one height a column, no crossing, finer than a pixel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

_SMOOTH = 7
"""Columns whose median a border's height is: about 0.1 mm, less than any finding; a lone column that errs is outvoted."""
_NEAR = 3
"""Rows at each side of a border within which the probabilities place it."""


def ordered_surfaces(regions: NDArray[np.float32], smooth: int = _SMOOTH) -> NDArray[np.float32]:
    """The most probable borders of an ordered stack.

    ``regions``: float32 (K + 1, H, W), probabilities that sum to 1 over the K + 1 regions from top to bottom; ``smooth``:
    columns over whose median the heights are taken, 1 for none. Returns float32 (K, W): heights in rows (edges at whole
    numbers) with border k <= border k + 1 in every column.

    Each column is the partition into K + 1 runs of the greatest likelihood, by dynamic programming (Viterbi 1967) over all
    columns at once; then each border moves to where the probabilities beside it say that half of a pixel is passed.
    """
    count, height, width = regions.shape
    log_p = np.log(np.clip(regions, 1e-6, 1), dtype=np.float32)
    sums = np.zeros((count, height + 1, width), np.float32)
    np.cumsum(log_p, axis=1, out=sums[:, 1:])
    rows = np.arange(height + 1, dtype=np.int32)[:, None]
    score = sums[0] - sums[1]
    best_so_far = []
    for k in range(1, count):
        best = np.maximum.accumulate(score, axis=0)
        best_so_far.append(np.maximum.accumulate(np.where(score >= best, rows, 0), axis=0))
        if k < count - 1:
            score = best + sums[k] - sums[k + 1]
    borders = np.empty((count - 1, width), np.int32)
    # The last region runs to the lower edge; its sum over the whole column is what every end shares.
    place = np.full(width, height, np.int32)
    columns = np.arange(width)
    for k in range(count - 2, -1, -1):
        place = best_so_far[k][place, columns]
        borders[k] = place

    fine = np.empty((count - 1, width), np.float32)
    above = np.cumsum(regions, axis=0)[:-1]  # the chance to be above border k
    steps = np.arange(-_NEAR, _NEAR)[:, None]
    for k in range(count - 1):
        at = borders[k][None] + steps
        inside = (at >= 0) & (at < height)
        chance = above[k][np.clip(at, 0, height - 1), columns[None]]
        chance = np.where(inside, chance, at < borders[k][None])
        fine[k] = borders[k] - _NEAR + chance.sum(axis=0)
    ordered = np.maximum.accumulate(np.clip(fine, 0, height), axis=0)
    return np.asarray(median_filter(ordered, size=(1, smooth), mode="nearest"), np.float32)  # medians keep the order
