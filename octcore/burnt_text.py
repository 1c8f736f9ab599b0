"""Finds lettering burnt into a picture, where a name may stand: to warn, not to read. Nothing of the text is kept.

Letters of a device are strokes of one brightness and like height in a row, on a quiet background; tissue and speckle are
none of these. Classical morphology, no model: what is found can be seen and argued with.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

LARGEST = 1_400_000
"""Pixels of the picture that is looked at; larger ones are reduced first."""
HEIGHTS = (6, 48)
"""Of a letter, in pixels of that picture."""
CONTRAST = 60
"""Grey levels between strokes and what is around them."""
FEWEST = 4
"""Letters in a row."""

Box = tuple[int, int, int, int]


def burnt_text(pixels: NDArray[np.uint8]) -> list[Box]:
    """Boxes (x, y, width, height), in pixels of the picture, of rows of letters. ``pixels``: uint8 (H, W) or (H, W, 3)."""
    grey = pixels if pixels.ndim == 2 else np.ascontiguousarray(pixels[..., 1])  # green: against it red tissue is dark
    scale = min(1.0, float(np.sqrt(LARGEST / grey.size)))
    small = grey if scale == 1 else np.asarray(cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    found = []
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (13, 13))
    paper = float((small[::8, ::8] > 190).mean()) > 0.05  # dark letters stand on something light
    for way in (cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT) if paper else (cv2.MORPH_TOPHAT,):
        strokes = cv2.morphologyEx(small, way, kernel)
        mask = (strokes > CONTRAST).astype(np.uint8)
        if mask.any():
            found += _rows(small, mask)
    return [(round(x / scale), round(y / scale), round(w / scale), round(h / scale)) for x, y, w, h in found]


def _rows(grey: NDArray[np.uint8], mask: NDArray[np.uint8]) -> list[Box]:
    count, marks, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    names = np.asarray(marks, np.int32)
    if not 1 < count < 1200:  # so many pieces are noise
        return []
    x, y, w, h, area = (stats[1:, k].astype(int) for k in range(5))
    fit = (h >= HEIGHTS[0]) & (h <= HEIGHTS[1]) & (w <= 1.6 * h) & (area >= 0.12 * w * h) & (area >= 6)
    order = np.flatnonzero(fit)
    order = order[np.argsort(x[order])]
    # Plain numbers: a scan's speckle has hundreds of pieces, and NumPy's own are slow one by one.
    places = zip(
        order.tolist(), x[order].tolist(), (x + w)[order].tolist(), (y + h)[order].tolist(), h[order].tolist(), strict=True
    )
    rows: list[list[int]] = []
    open_rows: list[tuple[int, int, int, list[int]]] = []  # right edge, lower edge, height and pieces
    for k, left, right, lower, tall in places:
        open_rows = [row for row in open_rows if left - row[0] <= 1.1 * HEIGHTS[1]]
        for place, (end, foot, size, row) in enumerate(open_rows):
            most = max(size, tall)
            if abs(foot - lower) <= max(2, 0.22 * most) and min(size, tall) >= 0.6 * most and -1 <= left - end <= 1.1 * most:
                row.append(k)
                open_rows[place] = (right, lower, tall, row)
                break
        else:
            row = [k]
            rows.append(row)
            open_rows.append((right, lower, tall, row))
    return [box for row in rows if len(row) >= FEWEST and (box := _letters(grey, names, row, x, y, w, h)) is not None]


def _letters(
    grey: NDArray[np.uint8],
    names: NDArray[np.int32],
    row: list[int],
    x: NDArray[np.int_],
    y: NDArray[np.int_],
    w: NDArray[np.int_],
    h: NDArray[np.int_],
) -> Box | None:
    """The row's box if its pieces have one brightness and what lies between them is quiet."""
    left, top = int(x[row].min()), int(y[row].min())
    right, bottom = int((x[row] + w[row]).max()), int((y[row] + h[row]).max())
    rim = max(3, (bottom - top) // 3)
    wide = (slice(max(0, top - rim), bottom + rim), slice(max(0, left - rim), right + rim))
    inside = grey[wide].astype(np.float32)
    around = ~(cv2.dilate((names[wide] > 0).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)
    if around.sum() < 0.1 * around.size:
        return None
    ground = float(np.median(inside[around]))
    cores = []
    for k in row:
        piece = grey[y[k] : y[k] + h[k], x[k] : x[k] + w[k]][names[y[k] : y[k] + h[k], x[k] : x[k] + w[k]] == k + 1]
        cores.append(float(np.percentile(np.abs(piece.astype(np.float32) - ground), 90)))
    uniform = float(np.std(cores)) < 0.12 * float(np.mean(cores)) + 3
    quiet = float(inside[around].std()) < 0.16 * float(np.mean(cores)) + 3
    return (left, top, right - left, bottom - top) if uniform and quiet else None
