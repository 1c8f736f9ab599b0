"""Draws B-scans that look like OCT: for tests, and for a visitor without a scan at hand. Never training data.

A phantom is a stack of layers with speckle, a foveal pit and, by kind, the finding's shape. It carries a mark in its PNG,
so that it is called synthetic wherever it is dropped.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from octcore.readers.images import SYNTHETIC_MARK

Kind = Literal["NORMAL", "DRUSEN", "CNV", "DME", "MH"]
KINDS: tuple[Kind, ...] = ("NORMAL", "DRUSEN", "CNV", "DME", "MH")

_THICKNESS = (0.022, 0.045, 0.024, 0.022, 0.05, 0.012, 0.022)
"""NFL, GCL-IPL, INL, OPL, ONL-ISM, ISE, OS-RPE, as shares of the height."""
_BRIGHTNESS = (150.0, 95.0, 55.0, 85.0, 40.0, 165.0, 190.0)
_CHOROID = 70.0


@dataclass(frozen=True)
class Phantom:
    """``pixels``: uint8 (H, W); ``surfaces``: float32 (8, W), heights in rows from ILM to the lower border of the RPE,
    ordered in every column; ``fluid``: bool (H, W)."""

    pixels: NDArray[np.uint8]
    surfaces: NDArray[np.float32]
    fluid: NDArray[np.bool_]


def bscan(kind: Kind = "NORMAL", *, height: int = 496, width: int = 512, seed: int = 0, wedge: bool = False) -> Phantom:
    """Draw one B-scan. ``wedge``: with a white registration wedge at the upper border, as Spectralis exports have."""
    rng = np.random.default_rng(seed)
    x = np.linspace(-1, 1, width, dtype=np.float32)
    base = height * (0.58 + 0.02 * rng.normal() + 0.03 * rng.normal() * x + 0.03 * x**2)
    thickness = np.array(_THICKNESS, np.float32)[:, None] * height * np.ones((1, width), np.float32)
    pit = np.exp(-((x - 0.04 * rng.normal()) ** 2) / 0.03)
    thickness[:4] *= 1 - 0.85 * pit  # the inner layers step aside at the fovea
    lift = np.zeros(width, np.float32)
    fluid = np.zeros((height, width), bool)
    if kind == "DRUSEN":
        for centre in rng.uniform(-0.6, 0.6, 6):
            lift += height * rng.uniform(0.012, 0.035) * np.exp(-((x - centre) ** 2) / 0.003)
    if kind == "CNV":
        lift += height * 0.10 * np.exp(-((x - 0.1) ** 2) / 0.06) * (1 + 0.15 * np.sin(24 * x))
        thickness[6] += height * 0.03 * np.exp(-((x - 0.1) ** 2) / 0.05)
    if kind == "DME":
        thickness[2] += height * 0.10 * np.exp(-(x**2) / 0.10)
        thickness[4] += height * 0.05 * np.exp(-(x**2) / 0.15)
    surfaces = np.empty((8, width), np.float32)
    surfaces[7] = base
    surfaces[6] = base - lift - thickness[6]
    for k in range(5, -1, -1):
        surfaces[k] = surfaces[k + 1] - thickness[k]

    rows = np.arange(height, dtype=np.float32)[:, None]
    picture = np.full((height, width), 12.0, np.float32)
    for k, brightness in enumerate(_BRIGHTNESS):
        top, bottom = surfaces[k][None], surfaces[k + 1][None]
        picture[(rows >= top) & (rows < bottom)] = brightness
    if lift.any():  # beneath a lifted epithelium: the drusen's or the membrane's own substance
        inside = (rows >= (base - lift)[None]) & (rows < base[None]) & (lift[None] > 1)
        picture[inside] = 80.0
    below = rows - surfaces[7][None]
    picture = np.where(below >= 0, _CHOROID * np.exp(-below / (0.10 * height)) + 14, picture)
    if kind == "DME":
        _pools(fluid, surfaces[2], surfaces[4], rng, 9)
    if kind == "CNV":
        shade = np.exp(-((x - 0.1) ** 2) / 0.05)
        gap = (rows < surfaces[5][None]) & (rows > (surfaces[5] - 0.05 * height * shade)[None]) & (shade > 0.3)[None]
        fluid |= gap
    if kind == "MH":
        half = 0.10 + 0.03 * (surfaces[7][None] - rows) / (0.2 * height)
        hole = (np.abs(x)[None] < half) & (rows < surfaces[6][None]) & (rows > (surfaces[0] - 4).min())
        picture[hole] = 12.0
        _pools(fluid, surfaces[2], surfaces[4], rng, 6, near=0.22)
        fluid &= ~hole
    picture[fluid] = 16.0
    picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), height / 500), np.float32)
    speckle = rng.gamma(6.0, 1 / 6.0, (height, width)).astype(np.float32)
    grain = rng.normal(0, 4, (height, width)).astype(np.float32)
    picture = np.asarray(cv2.GaussianBlur(picture * speckle, (0, 0), 0.8), np.float32) + grain
    for _ in range(3):  # vessels throw shadows
        centre, wide = rng.integers(0, width), int(rng.integers(3, 8))
        picture[:, max(0, centre - wide) : centre + wide] *= 0.75
    pixels = np.clip(picture, 0, 235).astype(np.uint8)
    if wedge:
        pixels[rows[:, 0][:, None] < 0.12 * height * (1 - (x[None] + 1) / 2)] = 255
    return Phantom(pixels, surfaces, fluid)


def _pools(
    fluid: NDArray[np.bool_],
    top: NDArray[np.float32],
    bottom: NDArray[np.float32],
    rng: np.random.Generator,
    count: int,
    near: float = 0.35,
) -> None:
    """Oval cysts between two surfaces, not farther than ``near`` from the fovea."""
    height, width = fluid.shape
    canvas = np.zeros((height, width), np.uint8)
    for _ in range(count):
        column = int((rng.uniform(-near, near) + 1) / 2 * (width - 1))
        room = float(bottom[column] - top[column])
        middle = float(top[column]) + room * rng.uniform(0.35, 0.65)
        axes = (int(width * rng.uniform(0.012, 0.035)), max(2, int(room * rng.uniform(0.2, 0.35))))
        cv2.ellipse(canvas, (column, int(middle)), axes, 0, 0, 360, 1, -1)
    fluid |= canvas.astype(bool)


def png_bytes(kind: Kind = "NORMAL", seed: int = 0) -> bytes:
    """A phantom as a PNG file with the synthetic mark. The same arguments give the same bytes."""
    note = PngImagePlugin.PngInfo()
    note.add_text(SYNTHETIC_MARK, kind)
    out = io.BytesIO()
    Image.fromarray(bscan(kind, seed=seed).pixels).save(out, "PNG", pnginfo=note)
    return out.getvalue()
