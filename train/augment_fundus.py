"""Augmentation of photographs: a left eye may become a right eye; cameras, crops and grain differ, the disease does not."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from octcore.preprocess_fundus import INPUT_SIZE, Photograph, placement, sample


def augmented_photograph(framed: Photograph, rng: np.random.Generator, size: tuple[int, int] = INPUT_SIZE) -> NDArray[np.uint8]:
    """One random view of an evened photograph, uint8 RGB ``size``: geometry (one warp), then contrast, tint, grain, crop."""
    zoom = np.exp(rng.normal(0.03, 0.09))
    angle = np.deg2rad(rng.normal(0, 12))
    stretch = np.exp(rng.normal(0, 0.03))
    flip = -1.0 if rng.random() < 0.5 else 1.0
    cos, sin = np.cos(angle), np.sin(angle)
    linear = zoom * np.array([[flip * cos * stretch, -sin], [flip * sin * stretch, cos]])
    centre = np.array([size[1] / 2, size[0] / 2])
    whole = np.eye(3)
    whole[:2, :2] = linear
    whole[:2, 2] = centre + rng.normal(0, 0.03, 2) * size - linear @ centre
    base = np.vstack([placement(framed, size), [0, 0, 1]])
    out = sample(framed.image, (whole @ base)[:2].astype(np.float32), size)

    # PALM's pictures are coarser than the others', and all of its myopias with them: grain must not tell.
    if rng.random() < 0.35:
        factor = rng.uniform(0.45, 0.9)
        coarse = cv2.resize(out, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        out = np.asarray(cv2.resize(coarse, size[::-1]), np.uint8)
    elif rng.random() < 0.2:  # little: much blur is what a cataract looks like
        out = np.asarray(cv2.GaussianBlur(out, (0, 0), rng.uniform(0.3, 0.9)), np.uint8)
    if rng.random() < 0.2:
        kept = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 90))])[1]
        out = np.asarray(cv2.imdecode(kept, cv2.IMREAD_COLOR), np.uint8)

    contrast = np.exp(rng.normal(0, 0.12)) * np.exp(rng.normal(0, 0.12, 3))
    view = 127.0 + (out.astype(np.float32) - 127.0) * contrast.astype(np.float32) + rng.normal(0, 4) + rng.normal(0, 4, 3)
    if rng.random() < 0.3:
        view = view + rng.normal(0, rng.uniform(0, 9), size)[..., None]
    if rng.random() < 0.15:  # some cameras cut the circle above and below
        cut = int(rng.uniform(0.04, 0.16) * size[0])
        view[:cut] = 127.0
        view[-cut:] = 127.0
    if rng.random() < 0.25:  # no single place may carry the diagnosis
        h, w = (int(rng.uniform(0.1, 0.3) * s) for s in size)
        y, x = int(rng.integers(0, size[0] - h)), int(rng.integers(0, size[1] - w))
        view[y : y + h, x : x + w] = 127.0
    return np.asarray(np.clip(view, 0, 255), dtype=np.uint8)
