"""Augmentation that respects anatomy: a left eye may become a right eye; a retina is never upside down."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from octcore.preprocess import INPUT_SIZE, Frame, placement, sample


def augmented(framed: Frame, rng: np.random.Generator, size: tuple[int, int] = INPUT_SIZE) -> NDArray[np.uint8]:
    """One random view of a frame, uint8 ``size``: geometry (one warp), then brightness, grain and marks."""
    height = framed.image.shape[0]
    extent = framed.bottom - framed.top
    top = framed.top + rng.normal(0, 0.08) * extent
    bottom = framed.bottom + rng.normal(0, 0.10) * extent
    if rng.random() < 0.1:  # the finder may fail on a scan: the whole picture must still be legible
        top, bottom = 0.15 * height, 0.85 * height
    base = placement(framed, size, top, bottom)

    zoom = rng.uniform(0.92, 1.45)
    angle = np.deg2rad(rng.normal(0, 5))
    shear = rng.normal(0, 0.08)  # the retina's tilt: columns slide along the axis of depth
    stretch = np.exp(rng.normal(0, 0.08))
    flip = -1.0 if rng.random() < 0.5 else 1.0
    cos, sin = np.cos(angle), np.sin(angle)
    linear = np.array([[flip * zoom * cos, -sin], [flip * zoom * (sin + shear), stretch * cos]])
    centre = np.array([size[1] / 2, size[0] / 2])
    slack = max(0.0, (zoom - 1) / 2)
    shift = np.array([rng.uniform(-slack, slack) * size[1], rng.normal(0, 0.03) * size[0]])
    whole = np.eye(3)
    whole[:2, :2] = linear
    whole[:2, 2] = centre + shift - linear @ centre
    base3 = np.vstack([base, [0, 0, 1]])
    out = sample(framed.image, (whole @ base3)[:2].astype(np.float32), size).astype(np.float32)

    out = weathered(out, rng)
    if rng.random() < 0.15:
        _paint_icon(out, rng)
    if rng.random() < 0.15:
        _paint_wedge(out, rng)
    if rng.random() < 0.25:  # no single place may carry the diagnosis
        h, w = (int(rng.uniform(0.1, 0.35) * s) for s in size)
        y, x = int(rng.integers(0, size[0] - h)), int(rng.integers(0, size[1] - w))
        out[y : y + h, x : x + w] = rng.uniform(0, 60)
    return np.asarray(np.clip(out, 0, 255), dtype=np.uint8)


def weathered(out: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """A scan, float32 (H, W) of about [0, 255], as another camera or a worse day would show it; geometry untouched."""
    size = out.shape
    if rng.random() < 0.5:  # a coarser or a smoother camera
        sigma = rng.uniform(0.3, 1.2)
        out = np.asarray(cv2.GaussianBlur(out, (0, 0), sigma), np.float32)
    if rng.random() < 0.2:
        factor = rng.uniform(0.4, 0.8)
        coarse = cv2.resize(out, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        out = np.asarray(cv2.resize(coarse, size[::-1]), np.float32)
    other = 255.0 * np.clip(out / 255.0, 0, 1) ** np.exp(rng.normal(0, 0.25))
    other = other * np.exp(rng.normal(0, 0.15)) + rng.normal(0, 8)
    if rng.random() < 0.4:  # speckle multiplies, the detector's noise adds
        other = other * rng.normal(1, rng.uniform(0, 0.25), size) + rng.normal(0, rng.uniform(0, 14), size)
    return np.asarray(other, np.float32)


def _paint_icon(out: NDArray[np.float32], rng: np.random.Generator) -> None:
    """A scan-position icon such as some devices print in a corner: present with every class, it tells nothing."""
    height, width = out.shape
    side = int(rng.uniform(0.06, 0.14) * height)
    x = int(rng.choice([rng.uniform(0, 0.1), rng.uniform(0.85, 0.93)]) * width)
    y = int(rng.choice([rng.uniform(0.03, 0.15), rng.uniform(0.7, 0.9)]) * height)
    grey = float(rng.uniform(120, 255))
    cv2.rectangle(out, (x, y), (x + side, y + side), grey, 1)
    cv2.line(out, (x + side // 2, y - 2), (x + side // 2, y + side + 2), grey, 1)
    cv2.line(out, (x - 2, y + side // 2), (x + side + 2, y + side // 2), grey, 1)


def _paint_wedge(out: NDArray[np.float32], rng: np.random.Generator) -> None:
    """What is left of a registration wedge, white or black, at the upper or lower border."""
    height, width = out.shape
    left, right = (int(rng.uniform(0, 0.15) * height) for _ in range(2))
    edge = 0 if rng.random() < 0.5 else height - 1
    sign = 1 if edge == 0 else -1
    corners = np.array([[0, edge], [width - 1, edge], [width - 1, edge + sign * right], [0, edge + sign * left]], np.int32)
    cv2.fillPoly(out, [corners], float(rng.choice([0.0, 255.0])))
