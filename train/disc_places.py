"""Where the optic disc lies, by rule: bright, round, of the right size, where vessels meet. Often right,
and nearly always where it is sure; a network's features learn from those (`train.disc`) and find it in the others."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

SIZE = 96
RADII = (0.13, 0.17, 0.22)
"""Of a disc, in radii of the field."""
VESSELS = 1.5
OFF_CENTRE = 18.0
"""Weights beside the contrast in grey levels: of vessels' darkness, and of the squared height over the middle."""
SURE = 0.4
"""Share of the photographs that are not taken for sure."""


def _kernel(radius: float) -> NDArray[np.float32]:
    """Mean of a disc less the mean of the ring around it."""
    count = int(3 * radius * SIZE / 2) | 1
    apart = np.hypot(*(np.mgrid[:count, :count] - count // 2)) / (SIZE / 2)
    inside, around = apart < radius, (apart > 1.15 * radius) & (apart < 2 * radius)
    return np.asarray(inside / inside.sum() - around / around.sum(), np.float32)


def by_rule(views: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Of evened photographs, uint8 (N, H, H, 3): the discs' places (N, 2), x and y in radii from the centre, and whether each is
    sure, bool (N,)."""
    kernels = [_kernel(radius) for radius in RADII]
    down, across = (np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2) / (SIZE / 2)
    places, lead = np.zeros((len(views), 2), np.float32), np.zeros(len(views))
    for k, view in enumerate(views):
        small = cv2.resize(view, (SIZE, SIZE), interpolation=cv2.INTER_AREA).astype(np.float32)
        grey = 0.6 * np.minimum(small[..., 1], 200) + 0.4 * np.minimum(small[..., 0], 200)
        score = np.max([cv2.filter2D(grey, -1, kernel, borderType=cv2.BORDER_REPLICATE) for kernel in kernels], axis=0)
        green = cv2.resize(view[..., 1], (2 * SIZE, 2 * SIZE), interpolation=cv2.INTER_AREA)
        upright = cv2.morphologyEx(green, cv2.MORPH_BLACKHAT, np.ones((1, 9), np.uint8)).astype(np.float32)
        dark = cv2.GaussianBlur(np.minimum(upright, 30), (0, 0), 0.09 * SIZE)
        score = score + VESSELS * cv2.resize(dark, (SIZE, SIZE), interpolation=cv2.INTER_AREA) - OFF_CENTRE * down**2
        score[np.hypot(down, across) > 0.93] = -1e9
        y, x = np.unravel_index(int(score.argmax()), score.shape)
        places[k] = across[y, x], down[y, x]
        lead[k] = score[y, x] - score[np.hypot(down - down[y, x], across - across[y, x]) > 0.3].max()
    sure = (lead > np.quantile(lead, SURE)) & (np.hypot(*places.T) < 0.9) & (np.abs(places[:, 1]) < 0.5)
    return places, sure
