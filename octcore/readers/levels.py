"""Brightness: from what a device stores to uint8 as its own viewer shows it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from octcore.readers.limits import damaged


def eight_bits(deep: NDArray[Any]) -> NDArray[np.uint8]:
    """Any real array to uint8 of its shape, all slices alike: uint8 stays, deeper pixels are scaled from their own
    range (quantiles 0.001 and 0.999). What is not finite becomes 0. Raises `ScanError` (truncated) for other kinds."""
    if deep.dtype == np.uint8:
        return np.ascontiguousarray(deep)
    if deep.dtype == bool:
        return deep.astype(np.uint8) * np.uint8(255)
    if deep.dtype.kind not in "uif":
        raise damaged()
    low, high = _range(deep)
    scale = 255.0 / max(high - low, 1e-30)
    out = np.empty(deep.shape, np.uint8)
    for index in range(deep.shape[0]):  # by slice: a float copy of a volume would be four times as large as it
        values = deep[index].astype(np.float64)
        with np.errstate(all="ignore"):
            scaled = np.nan_to_num((values - low) * scale, nan=0.0, posinf=0.0, neginf=0.0)
        out[index] = np.clip(scaled, 0, 255).astype(np.uint8)
    return out


def _range(deep: NDArray[Any]) -> tuple[float, float]:
    every = max(1, deep.size // 4_000_000)
    some = deep.reshape(-1)[::every].astype(np.float64)
    some = some[np.isfinite(some)]
    if not some.size:
        return 0.0, 1.0
    low, high = np.percentile(some, [0.1, 99.9])
    return float(low), float(high)


def heidelberg(reflectance: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Spectralis' raw reflectance (0 to 1; the largest float where nothing was scanned) as its own exports show it.

    Returns uint8 and bool (no data there) of the same shape. The curve is the one that eyepy fitted to HEYEX' exports,
    which the models were trained on.
    """
    with np.errstate(all="ignore"):
        no_data = ~(reflectance < 1e30)
        values = np.clip(np.where(no_data, 0, reflectance), 0, 1)
        shown = (np.log(values + np.float32(2.44e-4)) + np.float32(8.3)) / np.float32(8.285)
    shown[no_data] = 0
    return np.round(np.clip(shown, 0, 1) * 255).astype(np.uint8), no_data


def heidelberg_table() -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """For each uint16 of an .e2e file its grey value and whether it means no data.

    The numbers are unsigned floats: 6 bits of exponent (bias 63), 10 of fraction. oct-converter and eyepy read the
    fraction's bits in reverse, which makes brighter tissue darker within an octave.
    """
    raw = np.arange(65536)
    values = (1 + (raw & 1023) / 1024) * 2.0 ** ((raw >> 10) - 63)
    grey, _ = heidelberg(values.astype(np.float32))
    no_data = values > 1.99
    grey[no_data] = 0
    return grey, no_data


def is_coloured(rgb: NDArray[np.uint8]) -> bool:
    """True for a photograph in colour. A few coloured marks (a caliper drawn over the scan, JPEG's chroma noise) leave
    a B-scan a B-scan. ``rgb``: (H, W, 3)."""
    some = rgb[:: max(1, rgb.shape[0] // 256), :: max(1, rgb.shape[1] // 256)].astype(np.int16)
    brightest = some.max(axis=2)
    spread = brightest - some.min(axis=2)
    if (spread > 24).mean() > 0.25:
        return True
    lit = brightest > 20  # a dark or hazy photograph is mostly frame, and its colours are pale
    if lit.mean() < 0.05:
        return False
    usual, strong = np.percentile(spread[lit], [50, 90])
    return bool(usual > 3 and strong > 15)


def white_wedges(grey: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """bool of the picture's shape: purely white regions that reach its border, as exports fill them where nothing was
    scanned. ``grey``: uint8 (H, W)."""
    import cv2

    height, width = grey.shape
    solid = cv2.morphologyEx((grey == 255).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, names, stats, _ = cv2.connectedComponentsWithStats(solid, connectivity=4)
    out = np.zeros((height, width), bool)
    for k in range(1, count):
        x, y, w, h, area = (int(v) for v in stats[k])
        if area > 0.0008 * height * width and (x == 0 or y == 0 or x + w >= width or y + h >= height):
            out |= names == k
    return out
