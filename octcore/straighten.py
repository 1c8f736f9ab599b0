"""A retina laid level: what the segmentation network reads, and the way back to the scan's own pixels.

A fundus bends and a head tilts, so a box around the whole retina wastes most of its rows. Each column is slid along the
axis of depth until a smooth curve through the retina lies level; then the retina alone fills the network's height, and a
layer of eight pixels stays one of about eight. The curve is of second degree: no drusen or oedema can be levelled away.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from octcore.preprocess import Frame, Grey, frame

Numbers = NDArray[np.floating[Any]]

SEGMENT_SIZE = (192, 512)
"""Rows and columns that the segmentation network reads."""
_ABOVE, _BELOW = 0.22, 0.22
"""Margins around the retina, as shares of its thickness."""


@dataclass(frozen=True)
class Straight:
    """Where the network's window lies in a scan of H x W pixels; all numbers in the scan's pixels.

    ``curve``: coefficients of the level line's height over u in [-1, 1] (``left`` to ``right``), highest power first;
    ``first``, ``last``: the window's upper and lower edge, relative to that line; ``left``, ``right``: its columns
    (``right`` < ``left`` mirrors it: augmentation); ``usable``: columns that hold a picture.
    """

    curve: NDArray[np.float64]
    first: float
    last: float
    left: float
    right: float
    usable: tuple[float, float]

    def level(self, columns: Numbers) -> NDArray[np.float64]:
        """The level line's height in rows at places along the scan, in pixels."""
        low, high = self.usable
        return np.asarray(np.polyval(self.curve, 2 * (columns - low) / (high - low) - 1))

    def columns(self, count: int) -> NDArray[np.float64]:
        """Where the centres of ``count`` network columns lie, in the scan's pixels (edges at whole numbers)."""
        return self.left + (np.arange(count) + 0.5) / count * (self.right - self.left)

    def into_window(self, heights: Numbers, columns: Numbers, rows: int) -> NDArray[np.float64]:
        """Heights in the scan (..., n) at ``columns`` (n,) as rows of a window of ``rows``."""
        return np.asarray((heights - self.level(columns) - self.first) / (self.last - self.first) * rows)

    def out_of_window(self, heights: Numbers, columns: Numbers, rows: int) -> NDArray[np.float64]:
        """The reverse of `into_window`."""
        return np.asarray(heights / rows * (self.last - self.first) + self.first + self.level(columns))


def straighten(grey: Grey) -> tuple[Straight, NDArray[np.bool_]]:
    """The window around a scan's retina, and where the scan holds no data, bool (H, W). ``grey``: uint8 (H, W)."""
    framed = frame(grey)
    height, width = framed.image.shape
    smooth = cv2.GaussianBlur(framed.image, (0, 0), sigmaX=max(1.0, width / 100), sigmaY=max(1.0, height / 150))
    threshold, _ = cv2.threshold(smooth, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    weight = np.where(smooth > 0.8 * threshold, smooth, 0).astype(np.float64)
    weight[: int(max(0, framed.top - 0.05 * height))] = 0
    weight[int(framed.bottom + 0.05 * height) :] = 0
    left, right = int(framed.left), max(int(framed.left) + 8, int(framed.right))
    rows = np.arange(height) + 0.5
    mass = weight[:, left:right].sum(axis=0)
    centre = (weight[:, left:right] * rows[:, None]).sum(axis=0) / np.maximum(mass, 1e-6)
    u = (np.arange(right - left) + 0.5) / (right - left) * 2 - 1
    trust = mass / max(float(mass.max()), 1e-6)
    if (mass > 0).sum() < 8:
        curve = np.array([0.0, 0.0, (framed.top + framed.bottom) / 2])
    else:
        for _ in range(6):  # iteratively reweighted: a shadow or a vitreous opacity does not bend the line
            curve = np.polyfit(u, centre, 2, w=trust + 1e-6)
            off = np.abs(centre - np.polyval(curve, u))
            trust = mass / float(mass.max()) / (1 + (off / (0.03 * height)) ** 2)
    # Each column's own border first, then the widest of most columns: a disc at the side may leave the window.
    share = np.cumsum(weight[:, left:right], axis=0) / np.maximum(mass, 1e-6)
    level, full = np.polyval(curve, u), mass > 0.1 * np.median(mass)
    if full.any():
        upper = np.minimum(_upper_border(grey, framed)[left:right], (share < 0.01).sum(axis=0))
        top = float(np.percentile((upper - level)[full], 3))
        bottom = float(np.percentile(((share < 0.98).sum(axis=0) - level)[full], 90))
    else:
        top, bottom = framed.top - float(level[0]), framed.bottom - float(level[0])
    extent = max(bottom - top, 0.12 * height)
    back = 1 / framed.scale
    window = Straight(
        curve * back,
        (top - _ABOVE * extent) * back,
        (bottom + _BELOW * extent) * back,
        left * back,
        min(right * back, float(grey.shape[1])),
        (left * back, min(right * back, float(grey.shape[1]))),
    )
    invalid = cv2.resize(framed.invalid.astype(np.uint8), grey.shape[::-1], interpolation=cv2.INTER_NEAREST)
    return window, invalid.astype(bool)


def _upper_border(grey: Grey, framed: Frame) -> NDArray[np.int64]:
    """For every column of the frame its first row of tissue, faint tissue included.

    The frame's own image has lost the faint inner layers of a scan that was cropped to the retina: where there is hardly
    any vitreous, they are its background.
    """
    height, width = framed.image.shape
    small = np.asarray(cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA), np.float32)
    valid = ~framed.invalid
    if not valid.any():
        return np.zeros(width, np.int64)
    dark = float(np.percentile(small[valid], 5))
    small[~valid] = dark
    smooth = cv2.GaussianBlur(small, (0, 0), sigmaX=max(1.5, width / 100), sigmaY=max(1.0, height / 150))
    dark, bright = (float(v) for v in np.percentile(smooth[valid], (3, 99)))
    mask = (smooth > dark + 0.2 * (bright - dark)).astype(np.uint8)
    mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, max(3, width // 40)), np.uint8)), np.uint8)
    count, names, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count < 2:
        return np.zeros(width, np.int64)
    weight = stats[1:, cv2.CC_STAT_AREA].astype(np.float64) * stats[1:, cv2.CC_STAT_WIDTH]
    retina = np.concatenate([[False], weight >= 0.25 * weight.max()])[names]
    return np.asarray(np.where(retina.any(axis=0), retina.argmax(axis=0), height), np.int64)


def _places(window: Straight, size: tuple[int, int]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """For every pixel of the window: its place (x, y) in the scan, pixel centres at whole numbers (OpenCV's way)."""
    x = window.columns(size[1])
    y = window.out_of_window((np.arange(size[0]) + 0.5)[:, None], x[None], size[0])
    return np.broadcast_to(x - 0.5, size).astype(np.float32), (y - 0.5).astype(np.float32)


def look(grey: Grey, invalid: NDArray[np.bool_], window: Straight, size: tuple[int, int] = SEGMENT_SIZE) -> NDArray[np.float32]:
    """The scan in the window, float32 ``size``: background about 0, the retina's bright layers about 1, no data 0."""
    valid = np.where(invalid, 0, grey)
    across = size[1] / abs(window.right - window.left)
    down = size[0] / (window.last - window.first)
    if across < 0.7 or down < 0.7:  # remap does not average when it shrinks
        valid = np.asarray(cv2.GaussianBlur(valid, (0, 0), sigmaX=max(0.01, 0.4 / across), sigmaY=max(0.01, 0.4 / down)))
    x, y = _places(window, size)
    seen = cv2.remap(valid, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0).astype(np.float32)
    inside = cv2.remap((~invalid).astype(np.uint8), x, y, cv2.INTER_NEAREST, borderValue=0).astype(bool)
    if inside.mean() < 0.1:
        return np.zeros(size, np.float32)
    dark, bright = (float(v) for v in np.percentile(seen[inside], (8, 99)))
    seen = np.clip((seen - dark) / max(bright - dark, 8.0), -0.2, 1.5)
    seen[~inside] = 0
    return np.asarray(seen, np.float32)


def mask_into_window(mask: NDArray[np.uint8], window: Straight, outside: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    """A label map of the scan in the window, uint8 ``size``; ``outside`` where the scan ends."""
    x, y = _places(window, size)
    return np.asarray(cv2.remap(mask, x, y, cv2.INTER_NEAREST, borderValue=outside), np.uint8)


def maps_onto_scan(maps: NDArray[np.float32], window: Straight, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Network maps (C, h, w) at every pixel of the scan, float32 (C, H, W); 0 outside the window."""
    rows, columns = maps.shape[1:]
    height, width = shape
    across = np.arange(width) + 0.5
    x = (across - window.left) / (window.right - window.left) * columns - 0.5
    y = window.into_window((np.arange(height) + 0.5)[:, None], across[None], rows) - 0.5
    at_x, at_y = np.broadcast_to(x, shape).astype(np.float32), y.astype(np.float32)
    return np.stack([cv2.remap(m, at_x, at_y, cv2.INTER_LINEAR, borderValue=0) for m in maps])


def mirrored(window: Straight) -> Straight:
    """The same window seen from the other side: a left eye for a right eye."""
    return replace(window, left=window.right, right=window.left)
