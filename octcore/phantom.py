"""Draws B-scans and fundus photographs: for tests, and for a visitor without a scan at hand. Never training data.

A B-scan is a stack of layers with speckle, a foveal pit and, by kind, the finding's shape; a photograph is a round red field
with its disc, vessels and fovea. Both carry a mark in their PNG, so that they are called synthetic wherever they are dropped.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from itertools import pairwise
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


def fundus(size: int = 640, seed: int = 0) -> NDArray[np.uint8]:
    """Draw one photograph of a healthy fundus: uint8 RGB (size, size, 3). Odd seeds are left eyes (the disc at the left)."""
    rng = np.random.default_rng(seed)
    down, across = (np.mgrid[:size, :size].astype(np.float32) - (size - 1) / 2) / (size * 0.47)  # the field: radius 1
    side = -1 if seed % 2 else 1
    disc = np.array([side * rng.uniform(0.42, 0.5), rng.uniform(-0.06, 0.04)])
    macula = np.array([disc[0] - side * 0.62, disc[1] + 0.06])

    def spot(centre: NDArray[np.float64], wide: float, tall: float | None = None) -> NDArray[np.float32]:
        x, y = (across - centre[0]) / wide, (down - centre[1]) / (tall or wide)
        return np.asarray(np.exp(-(x**2 + y**2)), np.float32)

    light = (
        1
        - 0.38 * (across**2 + down**2)
        + 0.06 * np.asarray(cv2.GaussianBlur(rng.normal(0, 1, (size, size)).astype(np.float32), (0, 0), size / 14)) * size / 14
    )
    picture = light[..., None] * np.array([196.0, 92.0, 40.0], np.float32)
    picture *= (1 - np.array([0.30, 0.42, 0.40], np.float32) * spot(macula, 0.16)[..., None]).astype(np.float32)
    tree = np.zeros((size, size), np.float32)
    for up in (-1, 1):
        for temporal in (True, False):
            reach = (-side if temporal else side) * rng.uniform(0.95, 1.1)
            bend = rng.uniform(0.55, 0.72) * up if temporal else rng.uniform(0.6, 0.8) * up
            _vessel(tree, disc, np.array([reach, bend]), 0.026, rng, 3, temporal)
    tree = np.asarray(cv2.GaussianBlur(tree, (0, 0), size / 600), np.float32) * (1 - spot(macula, 0.2))  # no vessels there
    picture *= 1 - tree[..., None] * np.array([0.34, 0.56, 0.45], np.float32)
    shape = 1 / (1 + np.exp((np.hypot((across - disc[0]) / 0.13, (down - disc[1]) / 0.15) - 1) * 14))
    cup = spot(disc, 0.055)
    pale = np.array([243.0, 196.0, 128.0], np.float32) + cup[..., None] * np.array([10.0, 40.0, 60.0], np.float32)
    cover = (0.88 * shape * (1 - 0.45 * tree))[..., None]
    picture = picture * (1 - cover) + pale * cover
    picture = np.asarray(cv2.GaussianBlur(picture.astype(np.float32), (0, 0), size / 700), np.float32)
    grain = cv2.GaussianBlur(rng.normal(0, 5, (size, size, 3)).astype(np.float32), (0, 0), 0.7)
    rim = np.clip((1 - np.hypot(across, down)) * size * 0.47, 0, 1)[..., None]
    return np.asarray(np.clip((picture + grain) * rim, 0, 255), np.uint8)


def _vessel(
    tree: NDArray[np.float32],
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    width: float,
    rng: np.random.Generator,
    branches: int,
    arcade: bool = False,
) -> None:
    """One vessel from ``start`` to ``end`` (in radii of the field), thinner along its way, with its branches. An ``arcade``
    first climbs and then goes round the macula."""
    size = tree.shape[0]
    along = np.linspace(0, 1, 60)[:, None]
    through = np.array([start[0] + 0.12 * (end[0] - start[0]), start[1] + 0.95 * (end[1] - start[1])])
    middle = through if arcade else (start + end) / 2 + rng.normal(0, 0.06, 2)
    line = (1 - along) ** 2 * start + 2 * along * (1 - along) * middle + along**2 * end
    line += 0.008 * np.sin(along * rng.uniform(12, 20) + rng.uniform(0, 6))
    places = np.round((line * size * 0.47 + (size - 1) / 2) * 16).astype(int)
    for k, (a, b) in enumerate(pairwise(places)):
        thick = max(1, round(width * (1 - 0.65 * k / len(places)) * size * 0.47))
        cv2.line(tree, a.tolist(), b.tolist(), 1.0, thick, cv2.LINE_AA, 4)
    if branches:
        for place in rng.uniform(0.25, 0.8, branches):
            root = line[int(place * 59)]
            turn = rng.uniform(0.3, 0.8) * rng.choice([-1, 1])
            heading = (end - root) / max(float(np.hypot(*(end - root))), 0.1)
            turned = np.array(
                [heading[0] * np.cos(turn) - heading[1] * np.sin(turn), heading[0] * np.sin(turn) + heading[1] * np.cos(turn)]
            )
            _vessel(tree, root, root + turned * rng.uniform(0.25, 0.5), width * 0.55, rng, max(0, branches - 2))


def png_bytes(kind: Kind = "NORMAL", seed: int = 0) -> bytes:
    """A B-scan as a PNG file with the synthetic mark. The same arguments give the same bytes."""
    return _marked(bscan(kind, seed=seed).pixels, kind)


def fundus_png_bytes(seed: int = 0) -> bytes:
    """A photograph as a PNG file with the synthetic mark. The same seed gives the same bytes."""
    return _marked(fundus(seed=seed), "fundus")


def _marked(pixels: NDArray[np.uint8], mark: str) -> bytes:
    note = PngImagePlugin.PngInfo()
    note.add_text(SYNTHETIC_MARK, mark)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", pnginfo=note)
    return out.getvalue()
