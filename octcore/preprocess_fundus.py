"""From a colour fundus photograph to what a network reads. Training and serving call the same functions.

1. `field_of_view`: the round picture within the black frame, so that neither the camera's mask nor its crop is a cue.
2. `frame`: reduced to one grain, each colour divided by its own slow changes over the retina. What is left is
   contrast (vessels, disc, lesions, or in a cataract little of it), and neither exposure, vignette nor the camera's tint.
   A second copy is softer: in the first a disc's cup is often beyond white.
3. `placement` and `sample`: that circle, kept round, at the network's size, in one interpolation. `view` does both copies.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Colour = NDArray[np.uint8]

INPUT_SIZE = (320, 320)
"""Rows and columns that the classifiers read."""
WORKING_RADIUS = 190.0
"""Larger fields of view are first reduced to this radius in pixels: the training images have it."""
SLOW = 0.30
"""Standard deviation of what counts as a slow change, in radii: wider than an optic disc (about 0.2)."""
CONTRAST = 160.0
"""Grey levels for each natural logarithm of a colour over its surroundings."""
SOFT_CONTRAST = 64.0
"""Likewise, of the softer copy: white is seven times as bright as the surroundings."""


@dataclass(frozen=True)
class Photograph:
    """An evened photograph and where its field of view lies.

    ``image``: uint8 RGB (h, w, 3), 127 where a colour is as bright as its surroundings and outside the field;
    ``soft``: the same with less contrast;
    ``x``, ``y``, ``radius``: the field's circle in it; ``scale``: its pixels for each pixel of the photograph;
    ``invalid``: bool (h, w), outside the field.
    """

    image: Colour
    soft: Colour
    x: float
    y: float
    radius: float
    scale: float
    invalid: NDArray[np.bool_]


def field_of_view(rgb: Colour) -> tuple[float, float, float, NDArray[np.bool_]]:
    """Centre (x, y) and radius in pixels of the round picture in a photograph, and what lies within (bool (H, W)).

    ``rgb``: uint8 (H, W, 3). The circle may be cut off above and below, or on all sides: then it is as wide as what is left.
    """
    height, width = rgb.shape[:2]
    small = max(1.0, max(height, width) / 400)
    size = max(8, round(width / small)), max(8, round(height / small))
    # Some cameras' frames glow red; no fundus is without green.
    grey = cv2.transform(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.array([[0.05, 0.65, 0.30]], np.float32))
    bright = cv2.GaussianBlur(grey, (0, 0), 2.0)
    # The frame is black but not always zero (noise, compression); a field is dim at its rim in every camera.
    threshold = max(5.0, 0.18 * float(np.percentile(bright, 75)))
    lit = cv2.morphologyEx((bright > threshold).astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    count, names, stats, _ = cv2.connectedComponentsWithStats(lit, connectivity=4)
    mask = np.ones(lit.shape, np.uint8)
    if count > 1:
        largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
        if stats[largest, cv2.CC_STAT_AREA] > 0.1 * lit.size:
            mask = (names == largest).astype(np.uint8)
    outline = np.concatenate(cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0])
    hull = cv2.convexHull(outline)
    cv2.fillConvexPoly(mask, hull, 1)
    (x, y), _ = cv2.minEnclosingCircle(hull)
    _, _, across, down = cv2.boundingRect(hull)
    grown = cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST).astype(bool)
    factor = width / size[0]
    return (x + 0.5) * factor - 0.5, (y + 0.5) * factor - 0.5, max(across, down) / 2 * factor, grown


def frame(rgb: Colour) -> Photograph:
    """Find the field of view and even the picture. ``rgb``: uint8 (H, W, 3), any size from 32 a side."""
    x, y, radius, inside = field_of_view(rgb)
    scale = min(1.0, WORKING_RADIUS / radius)
    size = max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale))
    small = rgb if scale == 1.0 else np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    inside = inside if scale == 1.0 else cv2.resize(inside.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    radius *= scale
    # The rim is a blend of picture and frame.
    worn = cv2.erode(inside.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=2, borderValue=1).astype(bool)
    weight = worn.astype(np.float32)
    values = small.astype(np.float32) + 12.0  # the darkest colours hold noise, which the logarithm would raise
    level = _slow(values * weight[..., None], SLOW * radius) / np.maximum(_slow(weight, SLOW * radius), 1e-3)[..., None]
    over = np.log(values / np.maximum(level, 1.0))
    over[~worn] = 0.0
    image, soft = (np.clip(127.0 + contrast * over, 0, 255).astype(np.uint8) for contrast in (CONTRAST, SOFT_CONTRAST))
    return Photograph(image, soft, (x + 0.5) * scale - 0.5, (y + 0.5) * scale - 0.5, radius, scale, ~worn)


def _slow(values: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """A wide Gaussian, computed on a small copy: it holds nothing that the copy does not."""
    step = max(1.0, sigma / 6)
    size = max(2, round(values.shape[1] / step)), max(2, round(values.shape[0] / step))
    coarse = cv2.resize(values, size, interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(coarse, (0, 0), sigma / step, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(cv2.resize(blurred, values.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def placement(photograph: Photograph, size: tuple[int, int] = INPUT_SIZE) -> NDArray[np.float32]:
    """The 2x3 matrix from places (x, y) of a photograph's image to places of the network's input: the circle fills it."""
    zoom = min(size) / (2 * photograph.radius)
    across = (size[1] - 1) / 2 - zoom * photograph.x
    down = (size[0] - 1) / 2 - zoom * photograph.y
    return np.array([[zoom, 0, across], [0, zoom, down]], np.float32)


def sample(image: Colour, matrix: NDArray[np.float32], size: tuple[int, int] = INPUT_SIZE) -> Colour:
    """The image under ``matrix`` at ``size``, uint8 RGB; what lies outside is 127, as a picture without contrast."""
    return np.asarray(
        cv2.warpAffine(image, matrix, size[::-1], flags=cv2.INTER_LINEAR, borderValue=(127.0, 127.0, 127.0)), np.uint8
    )


def view(photograph: Photograph) -> Colour:
    """The whole photograph as it is served, uint8 (320, 320, 6): the evened RGB, then the soft one."""
    matrix = placement(photograph)
    return np.concatenate([sample(photograph.image, matrix), sample(photograph.soft, matrix)], axis=2)


def to_tensor(inputs: Colour) -> NDArray[np.float32]:
    """uint8 (N, H, W, channels) to what the networks read: float32 (N, channels, H, W) in about [-1, 1]."""
    return np.ascontiguousarray(((inputs.astype(np.float32) - 127.0) / 128.0).transpose(0, 3, 1, 2))
