"""From a grey B-scan to what a network reads. Training and serving call the same functions, so they cannot drift.

1. `clean`: margins and white registration wedges become background, the background's level is taken away (a grey
   background goes with disease in some clinics, and would be learned instead of it), the retina's brightness is fixed.
2. `find_retina`: the rows that hold the retina, so that neither a crop nor a camera's frame is a cue.
3. `sample`: that part of the scan at the network's size, in one interpolation.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]

INPUT_SIZE = (160, 224)
"""Rows and columns that the classifiers read."""
WORKING_PIXELS = 110_000
"""Larger scans are first reduced to about this area: the training images have it, and a finer grain would be a cue."""
MARGIN_PIXELS = 1_000_000
"""Margins are looked for on a picture of at most this area; more shows no more of them."""


@dataclass(frozen=True)
class Frame:
    """A cleaned scan and where its retina lies.

    ``image``: uint8 (h, w), background 0, retina bright; ``top``, ``bottom``: rows of the retina in it; ``left``,
    ``right``: columns that hold a picture (margins are outside); ``scale``: its pixels for each pixel of the scan;
    ``invalid``: bool (h, w), no data there.
    """

    image: Grey
    top: float
    bottom: float
    left: float
    right: float
    scale: float
    invalid: NDArray[np.bool_]


def _flat_margins(grey: Grey) -> tuple[slice, slice]:
    """Rows and columns left when uniform borders (letter boxes, paddings, of any grey) are cut off."""

    def bounds(spread: NDArray[np.float32]) -> slice:
        alive = np.flatnonzero(spread > 2.0)
        if len(alive) < 32:
            return slice(0, len(spread))
        return slice(int(alive[0]), int(alive[-1]) + 1)

    values = grey.astype(np.float32)
    rows = bounds(values.std(axis=1))
    columns = bounds(values[rows].std(axis=0))
    return rows, columns


def _no_data(grey: Grey) -> NDArray[np.bool_]:
    """Where nothing was scanned: saturated or exactly black regions that reach the border (registration wedges)."""
    height, width = grey.shape
    out = np.zeros((height, width), dtype=bool)
    for extreme in (cv2.inRange(grey, np.array(243), np.array(255)), cv2.inRange(grey, np.array(0), np.array(0))):
        # A wedge is solid; opening keeps speckle and the bright retina from joining it.
        solid = cv2.morphologyEx(extreme, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        if not (solid[0].any() or solid[-1].any() or solid[:, 0].any() or solid[:, -1].any()):
            continue  # most scans: nothing reaches the border
        count, names, stats, _ = cv2.connectedComponentsWithStats(solid, connectivity=4)
        for k in range(1, count):
            x, y, w, h, area = (int(v) for v in stats[k])
            touches = x == 0 or y == 0 or x + w >= width or y + h >= height
            if touches and area > 0.0008 * height * width:
                out |= names == k
    if out.any():  # re-encoding softens a wedge's edge: take its rim along
        out = cv2.dilate(out.astype(np.uint8), np.ones((7, 7), np.uint8)).astype(bool)
    return out


def _retina_rows(smooth: NDArray[np.float32], valid: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], float, float]:
    """Mask, first and last row of the retina in a background-free, smoothed scan."""
    height, width = smooth.shape
    values = np.where(valid, smooth, 0.0)
    level = np.clip(values, 0, 255).astype(np.uint8)
    threshold, _ = cv2.threshold(level, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    mask = (values > 0.85 * threshold).astype(np.uint8)
    bridge = np.ones((max(3, height // 20) | 1, max(3, width // 12) | 1), np.uint8)
    mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, bridge), np.uint8)
    count, names, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count < 2:
        return np.ones((height, width), dtype=bool), 0.0, float(height)
    # The retina crosses the picture: wide components count, icons and vitreous opacities do not.
    weight = stats[1:, cv2.CC_STAT_AREA].astype(np.float64) * stats[1:, cv2.CC_STAT_WIDTH]
    retina = np.concatenate([[False], weight >= 0.25 * weight.max()])[names]
    share = np.cumsum(retina.sum(axis=1))
    share = share / share[-1]
    return retina, float(np.searchsorted(share, 0.01)), float(np.searchsorted(share, 0.99))


def frame(grey: Grey) -> Frame:
    """Clean a scan and find its retina.

    ``grey``: uint8 (H, W), any size from 32 a side. The frame's image has the scan's geometry times ``scale``
    (margins stay, as background), so that a place in it is a place in the scan.
    """
    # Margins are measured first: a padded scan is worked on at the grain of the scan, not of its padding.
    draft = _reduced(grey, 1.0 if grey.size < MARGIN_PIXELS else float(np.sqrt(MARGIN_PIXELS / grey.size)))
    rows, columns = _flat_margins(draft)
    inside = (rows.stop - rows.start) * (columns.stop - columns.start) * grey.size / draft.size
    scale = min(1.0, float(np.sqrt(WORKING_PIXELS / inside)))
    small = _reduced(grey, scale)
    if small.shape != draft.shape:
        rows, columns = _flat_margins(small)
    inner = np.ascontiguousarray(small[rows, columns])
    invalid = _no_data(inner)
    valid = ~invalid
    if valid.mean() < 0.2:
        invalid[:] = False
        valid = ~invalid

    values = inner.astype(np.float32)
    # The vitreous and the deep shadow fill most of a scan: their level is a low quantile of it.
    filled = values if valid.all() else np.where(valid, values, float(np.median(values[valid])))
    blurred = cv2.GaussianBlur(filled, (0, 0), 2.0)
    background, bright = (float(v) for v in np.percentile(blurred[valid], (25, 99)))
    gain = 200.0 / max(bright - background, 8.0)
    evened = np.clip((values - background) * gain, 0, 255)
    evened[invalid] = 0
    smooth = cv2.GaussianBlur(evened, (0, 0), sigmaX=max(1.0, inner.shape[1] / 120), sigmaY=max(1.0, inner.shape[0] / 120))
    retina, top, bottom = _retina_rows(smooth, valid)
    evened[_marks_below(evened, retina)] = 0

    image = np.zeros(small.shape, np.uint8)
    image[rows, columns] = evened.astype(np.uint8)
    outside = np.ones(small.shape, bool)
    outside[rows, columns] = invalid
    return Frame(
        image=image,
        top=top + rows.start,
        bottom=bottom + rows.start,
        left=float(columns.start),
        right=float(columns.stop),
        scale=scale,
        invalid=outside,
    )


def _reduced(grey: Grey, scale: float) -> Grey:
    """The picture at ``scale`` (at most 1), at least one pixel a side, averaged."""
    if scale >= 1.0:
        return grey
    size = max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _marks_below(evened: NDArray[np.float32], retina: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Device icons and lettering: sharp bright things clear of the retina's lower border, where no tissue shines.

    Nothing above the retina is touched: the vitreous holds findings.
    """
    height, width = retina.shape
    has = retina.any(axis=0)
    if not has.any():
        return np.zeros_like(retina)
    lowest = height - 1 - np.argmax(retina[::-1], axis=0)
    lowest = np.interp(np.arange(width), np.flatnonzero(has), lowest[has])
    below = np.arange(height)[:, None] > lowest[None, :] + 0.12 * height
    sharp = cv2.morphologyEx(evened, cv2.MORPH_TOPHAT, np.ones((5, 5), np.uint8)) > 60
    found = (below & sharp).astype(np.uint8)
    return np.asarray((cv2.dilate(found, np.ones((5, 5), np.uint8)) > 0) & below, dtype=bool)


def placement(
    framed: Frame, size: tuple[int, int] = INPUT_SIZE, top: float | None = None, bottom: float | None = None
) -> NDArray[np.float32]:
    """The 2x3 matrix that takes places (x, y) of a frame's image to places of the network's input.

    The retina with a margin of 35 % above (the vitreous interface) and 25 % below (the choroid) fills the height; the
    whole width between the margins is kept. ``top`` and ``bottom`` replace the frame's own (augmentation).
    """
    top = framed.top if top is None else top
    bottom = framed.bottom if bottom is None else bottom
    extent = max(bottom - top, 0.15 * framed.image.shape[0])
    first, last = top - 0.35 * extent, bottom + 0.25 * extent
    across, down = size[1] / (framed.right - framed.left), size[0] / (last - first)
    return np.array([[across, 0, -framed.left * across], [0, down, -first * down]], np.float32)


def sample(image: Grey, matrix: NDArray[np.float32], size: tuple[int, int] = INPUT_SIZE) -> Grey:
    """The frame's image under ``matrix`` at ``size``, uint8; what lies outside is background (0)."""
    zoom = min(float(np.linalg.norm(matrix[:, 0])), float(np.linalg.norm(matrix[:, 1])))
    if zoom <= 0.6:  # warpAffine does not average when it shrinks
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), 0.4 / zoom), np.uint8)
    return np.asarray(cv2.warpAffine(image, matrix, (size[1], size[0]), flags=cv2.INTER_LINEAR), dtype=np.uint8)


def to_tensor(inputs: NDArray[np.uint8]) -> NDArray[np.float32]:
    """uint8 (N, H, W) to what the networks read: float32 (N, 1, H, W) in about [-1, 1]."""
    return ((inputs.astype(np.float32) - 127.0) / 128.0)[:, None]
