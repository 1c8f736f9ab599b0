"""Finds lettering burnt into a picture, where a name may stand: to warn, not to read. Nothing of the text is kept.

A device writes strokes of like height on one line, brighter (or darker) than all that is around them; tissue and speckle
do one of these at most. No model: what is found can be seen and argued with.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

LARGEST = 1_400_000
"""Pixels of the picture that is looked at; larger ones are reduced first."""
CONTRAST = 60
"""Grey levels of a stroke above what is around."""
BRIGHT, DARK = (0, 110, 150, 190, 230), (0, 200)
"""Strokes are looked for from each of these levels on: over tissue letters stand free only where that is left out. (Dark
letters stand on a bright bar.)"""
STROKE = np.ones((13, 13), np.uint8)
"""No stroke is wider."""
HEIGHTS = (5, 48)
"""Of a letter, in pixels of that picture."""
FEWEST = 4
"""Letters in a row."""
CLEAR, CLEAREST = (90, 75), (97, 45)
"""Letters are so many grey levels above these percentiles of what is around them: tissue hardly ever is
(`tests/octcore/test_burnt_text.py` counts)."""
LEVEL = 0.4
"""Pixels by which the letters' feet may be off their line, on average."""
FILLED = 243
"""What is as bright as this and no stroke is a registration wedge or outside the bar that the letters stand on."""
NOISE = 6000
"""Pieces: so many are speckle."""

Box = tuple[int, int, int, int]
Boxes = NDArray[np.int64]
"""x, y, width, height of each piece, (N, 4)."""
Grey = NDArray[np.uint8]


def burnt_text(pixels: Grey) -> list[Box]:
    """Boxes (x, y, width, height), in pixels of the picture, of rows of letters. ``pixels``: uint8 (H, W) or (H, W, 3)."""
    grey = pixels if pixels.ndim == 2 else np.ascontiguousarray(pixels[..., 1])  # green: against it red tissue is dark
    scale = min(1.0, float(np.sqrt(LARGEST / grey.size)))
    if scale < 1:
        grey = np.asarray(cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    found: list[Box] = []
    for face, levels in ((grey, BRIGHT), (np.asarray(255 - grey, np.uint8), DARK)):
        strokes = np.asarray(cv2.morphologyEx(face, cv2.MORPH_TOPHAT, STROKE), np.uint8)
        for level in levels:
            mask = np.asarray((face >= level) & (strokes >= CONTRAST), np.uint8)
            for row in _rows(_pieces(mask)):
                box = _around(row)
                if not any(_meet(box, other) for other in found) and _stands_out(face, mask, row, box):
                    found.append(box)
    return [(round(x / scale), round(y / scale), round(w / scale), round(h / scale)) for x, y, w, h in found]


def _pieces(mask: Grey) -> Boxes:
    """Connected pieces that may be letters, or a few that touch."""
    outlines, inside = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    if not FEWEST <= len(outlines) <= NOISE:
        return np.empty((0, 4), np.int64)
    outer = np.asarray(inside)[0, :, 3] < 0  # the others are holes
    boxes = [cv2.boundingRect(line) for line, is_outer in zip(outlines, outer, strict=True) if is_outer and len(line) >= 8]
    found = np.array(boxes, np.int64).reshape(-1, 4)
    width, height = found[:, 2], found[:, 3]
    return found[(height >= HEIGHTS[0]) & (height <= HEIGHTS[1]) & (width <= 3.2 * height)]


def _rows(pieces: Boxes) -> Iterator[Boxes]:
    """Pieces that follow each other on a line."""
    if len(pieces) < FEWEST:
        return
    pieces = pieces[np.argsort(pieces[:, 1] + pieces[:, 3], kind="stable")]
    x, y, w, h = pieces.T
    foot = y + h
    # Partners of each piece: those whose feet lie at most 5 pixels lower.
    count = np.searchsorted(foot, foot + 5, side="right") - np.arange(len(foot)) - 1
    one = np.repeat(np.arange(len(foot)), count)
    two = one + 1 + np.arange(len(one)) - np.repeat(np.cumsum(count) - count, count)
    tall, short = np.maximum(h[one], h[two]), np.minimum(h[one], h[two])
    gap = np.maximum(x[one], x[two]) - np.where(x[one] <= x[two], (x + w)[one], (x + w)[two])
    beside = (foot[two] - foot[one] <= np.maximum(1, 0.1 * tall)) & (short >= 0.6 * tall) & (gap >= -1) & (gap <= 1.2 * tall)
    row = np.arange(len(foot))
    for a, b in zip(one[beside].tolist(), two[beside].tolist(), strict=True):
        if row[a] != row[b]:
            row[row == row[b]] = row[a]
    names, sizes = np.unique(row, return_counts=True)
    for name in names[sizes >= FEWEST]:
        yield pieces[row == name]


def _around(row: Boxes) -> Box:
    left, top = row[:, :2].min(axis=0)
    right, bottom = (row[:, :2] + row[:, 2:]).max(axis=0)
    return int(left), int(top), int(right - left), int(bottom - top)


def _meet(a: Box, b: Box) -> bool:
    """Whether two boxes have a pixel in common."""
    return a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]


def _stands_out(face: Grey, mask: Grey, row: Boxes, box: Box) -> bool:
    """Whether the pieces stand on one line and are brighter than nearly all that is between and around them."""
    foot = row[:, 1] + row[:, 3]
    if float(np.abs(foot - np.median(foot)).mean()) > LEVEL or float(np.median(row[:, 2] / row[:, 3])) > 1.2:
        return False
    left, top, width, height = box
    rim = max(3, int(np.median(row[:, 3])) // 3)
    window = slice(max(0, top - rim), top + height + rim), slice(max(0, left - rim), left + width + rim)
    seen = face[window]
    near = cv2.dilate(mask[window], np.ones((3, 3), np.uint8)) > 0
    around = seen[~near & (seen < FILLED)]
    if around.size < 0.1 * seen.size:
        return False
    levels = np.percentile(around, [CLEAR[0], CLEAREST[0]])
    letters = [face[y : y + h, x : x + w] for x, y, w, h in row]
    if np.median([each.max() for each in letters]) - levels[0] < CLEAR[1]:
        return False  # most rows, at a tenth of the cost
    strokes = [mask[y : y + h, x : x + w] > 0 for x, y, w, h in row]
    core = np.median([np.percentile(each[where], 80) for each, where in zip(letters, strokes, strict=True)])
    return bool((core - levels >= (CLEAR[1], CLEAREST[1])).all())
