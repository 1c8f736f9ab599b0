"""Draws pictures that are no scan of a retina, and some that might be taken for one: layers, speckle, discs on black.

Every drawer takes a random generator and returns uint8 (H, W, 3). `DRAWERS` names them.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Rgb = NDArray[np.uint8]
Field = NDArray[np.float32]
Drawer = Callable[[np.random.Generator], Rgb]

WORDS = [
    "the",
    "of",
    "and",
    "a",
    "in",
    "to",
    "patient",
    "report",
    "page",
    "value",
    "mean",
    "table",
    "figure",
    "result",
    "left",
    "right",
    "normal",
    "date",
    "number",
    "total",
    "2024",
    "1.5",
    "%",
]


def _size(rng: np.random.Generator) -> tuple[int, int]:
    return int(rng.integers(120, 420)), int(rng.integers(120, 520))


def _smooth(rng: np.random.Generator, shape: tuple[int, int], sx: float, sy: float) -> Field:
    """Smooth noise in [0, 1]."""
    noise = cv2.GaussianBlur(rng.standard_normal(shape).astype(np.float32), (0, 0), sigmaX=max(sx, 0.1), sigmaY=max(sy, 0.1))
    return np.asarray((noise - noise.min()) / max(float(np.ptp(noise)), 1e-6), np.float32)


def _curve(rng: np.random.Generator, width: int, smooth: float) -> Field:
    """A smooth curve in [-1, 1] over the columns."""
    return np.asarray(2 * _smooth(rng, (1, width), smooth, 0.1)[0] - 1, np.float32)


def _grey(values: Field) -> Rgb:
    return np.repeat(np.clip(values, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def _tinted(values: Field, low: NDArray[np.float64], high: NDArray[np.float64]) -> Rgb:
    """Values in [0, 1] between two colours."""
    return np.clip(low + values[..., None] * (high - low), 0, 255).astype(np.uint8)


def _colour(rng: np.random.Generator) -> tuple[int, int, int]:
    r, g, b = (int(v) for v in rng.integers(0, 256, 3))
    return r, g, b


def _disc(shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.bool_]:
    """An endoscope's or a planet's round field."""
    height, width = shape
    y, x = np.mgrid[:height, :width]
    radius = min(shape) * rng.uniform(0.35, 0.6)
    return np.asarray((y - height / 2) ** 2 + (x - width / 2) ** 2 < radius**2)


def noise(rng: np.random.Generator) -> Rgb:
    shape = _size(rng)
    kind = rng.integers(4)
    if kind == 0:
        return np.asarray(rng.integers(0, 256, (*shape, 3)), np.uint8)
    if kind == 1:
        return _grey((rng.normal(rng.uniform(20, 200), rng.uniform(5, 60), shape)).astype(np.float32))
    if kind == 2:
        return _grey((rng.gamma(rng.uniform(1, 4), rng.uniform(5, 40), shape)).astype(np.float32))
    total = sum(_smooth(rng, shape, s, s) * s for s in (2.0, 5.0, 15.0, 40.0))
    return _grey(np.asarray(total / 62 * 255, np.float32))


def gradient(rng: np.random.Generator) -> Rgb:
    height, width = _size(rng)
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    ramp = np.cos(angle) * x / width + np.sin(angle) * y / height
    if rng.random() < 0.3:
        ramp = np.hypot(x / width - rng.uniform(0, 1), y / height - rng.uniform(0, 1))
    ramp = (ramp - ramp.min()) / np.ptp(ramp)
    return _tinted(ramp.astype(np.float32), np.array(_colour(rng), float), np.array(_colour(rng), float))


def uniform(rng: np.random.Generator) -> Rgb:
    value = _colour(rng) if rng.random() < 0.5 else (int(rng.integers(0, 256)),) * 3
    out = np.full((*_size(rng), 3), value, np.float32) + rng.normal(0, rng.choice([0.0, 2.0, 6.0]), 3)
    return np.asarray(np.clip(out, 0, 255), np.uint8)


def bands(rng: np.random.Generator) -> Rgb:
    """Stripes at any angle, straight or waving: flags, blinds, hills, strata."""
    height, width = _size(rng)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    turned = rng.random() < 0.35
    along, length = (x, height) if turned else (y, width)
    wave = _curve(rng, length, rng.uniform(8, 80)) * rng.uniform(0, 40)
    at = along + (wave[:, None] if turned else wave[None, :]) + rng.uniform(-0.4, 0.4) * (y if turned else x)
    count = int(rng.integers(2, 14))
    edges = np.sort(rng.uniform(0, max(height, width), count))
    index = np.digitize(at, edges)
    if rng.random() < 0.5:
        palette = np.repeat(rng.integers(0, 256, (count + 1, 1)), 3, axis=1)
    else:
        palette = rng.integers(0, 256, (count + 1, 3))
    out = palette[index].astype(np.float32)
    if rng.random() < 0.5:
        out += rng.normal(0, rng.uniform(2, 15), (height, width, 1))
    return np.asarray(np.clip(out, 0, 255), np.uint8)


def grating(rng: np.random.Generator) -> Rgb:
    """Gabor-like textures: cloth, brick, waves, a seismic section."""
    height, width = _size(rng)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    total = np.zeros((height, width), np.float32)
    for _ in range(int(rng.integers(1, 4))):
        angle, period = rng.uniform(0, np.pi), rng.uniform(4, 50)
        warp = _smooth(rng, (height, width), 30, 15) * rng.uniform(0, 60)
        total += np.sin(2 * np.pi * (np.cos(angle) * x + np.sin(angle) * y + warp) / period)
    total = (total - total.min()) / np.ptp(total)
    return (
        _tinted(total, np.array(_colour(rng), float), np.array(_colour(rng), float)) if rng.random() < 0.5 else _grey(total * 255)
    )


def seismic(rng: np.random.Generator) -> Rgb:
    """Many thin wavy reflectors over the whole height."""
    height, width = _size(rng)
    trace = cv2.GaussianBlur(
        rng.standard_normal((height * 2, 1)).astype(np.float32), (0, 0), sigmaX=0.1, sigmaY=rng.uniform(1.5, 5)
    )
    shift = _curve(rng, width, rng.uniform(15, 90)) * rng.uniform(5, 60)
    rows = np.clip(np.arange(height)[:, None] + shift[None] + height / 2, 0, 2 * height - 1).astype(int)
    values = trace[rows, 0] / trace.std() + rng.normal(0, rng.uniform(0, 0.4), (height, width))
    return _grey((128 + 50 * values).astype(np.float32))


def document(rng: np.random.Generator) -> Rgb:
    """Pages of text, forms, tables, terminals."""
    height, width = int(rng.integers(200, 520)), int(rng.integers(200, 520))
    dark = rng.random() < 0.25
    paper, ink = (20, 230) if dark else (int(rng.integers(225, 256)), int(rng.integers(0, 80)))
    out = np.full((height, width, 3), paper, np.uint8)
    font = int(rng.choice([cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_TRIPLEX]))
    size, y = rng.uniform(0.25, 0.9), int(rng.integers(10, 40))
    step = int(26 * size) + int(rng.integers(3, 12))
    while y < height:
        words = " ".join(rng.choice(WORDS, int(rng.integers(1, 14))))
        if rng.random() < 0.9:
            cv2.putText(out, words, (int(rng.integers(5, 30)), y), font, size, (ink, ink, ink), 1, cv2.LINE_AA)
        y += step
    if rng.random() < 0.3:
        for line in range(0, height, step * 2):
            cv2.line(out, (5, line), (width - 5, line), (ink, ink, ink), 1)
    if rng.random() < 0.3:
        cv2.rectangle(out, (0, 0), (width, int(rng.integers(10, 50))), _colour(rng), -1)
    return out


def plot(rng: np.random.Generator) -> Rgb:
    """Matplotlib's usual figures."""
    from matplotlib.figure import Figure

    with_dark = rng.random() < 0.2
    figure = Figure(figsize=(rng.uniform(2, 5), rng.uniform(2, 4)), dpi=70, facecolor="black" if with_dark else "white")
    axes = figure.add_subplot()
    if with_dark:
        axes.set_facecolor("black")
    x = np.linspace(0, 1, 80)
    kind = rng.integers(6)
    if kind == 0:
        for _ in range(int(rng.integers(1, 5))):
            axes.plot(x, np.cumsum(rng.standard_normal(80)))
    elif kind == 1:
        axes.bar(range(8), rng.uniform(0, 1, 8), color=rng.uniform(0, 1, 3))
    elif kind == 2:
        axes.scatter(rng.standard_normal(100), rng.standard_normal(100), s=rng.uniform(2, 40))
    elif kind == 3:
        axes.imshow(_smooth(rng, (40, 60), 4, 4), cmap=str(rng.choice(["viridis", "gray", "hot", "jet"])), aspect="auto")
    elif kind == 4:
        axes.hist(rng.standard_normal(300), bins=20)
    else:
        axes.specgram(
            np.cumsum(rng.standard_normal(4000)), NFFT=64, noverlap=32, cmap=str(rng.choice(["viridis", "gray", "magma"]))
        )
    if rng.random() < 0.4:
        axes.axis("off")
    target = io.BytesIO()
    figure.savefig(target, format="png")
    return np.asarray(Image.open(target).convert("RGB"), np.uint8)


def cartoon(rng: np.random.Generator) -> Rgb:
    """Flat shapes with outlines."""
    height, width = _size(rng)
    out = np.full((height, width, 3), _colour(rng), np.uint8)
    for _ in range(int(rng.integers(2, 25))):
        centre = int(rng.integers(0, width)), int(rng.integers(0, height))
        kind, fill = rng.integers(3), _colour(rng)
        if kind == 0:
            axes = int(rng.integers(5, 120)), int(rng.integers(5, 120))
            cv2.ellipse(out, centre, axes, float(rng.uniform(0, 180)), 0, 360, fill, -1, cv2.LINE_AA)
            cv2.ellipse(out, centre, axes, 0, 0, 360, (0, 0, 0), int(rng.integers(1, 4)), cv2.LINE_AA)
        elif kind == 1:
            other = int(rng.integers(0, width)), int(rng.integers(0, height))
            cv2.rectangle(out, centre, other, fill, -1 if rng.random() < 0.7 else 3)
        else:
            points = rng.integers(0, [width, height], (int(rng.integers(3, 7)), 2)).astype(np.int32)
            cv2.fillPoly(out, [points], fill, cv2.LINE_AA)
    return out


def ultrasound(rng: np.random.Generator) -> Rgb:
    """Speckle in a fan or a rectangle, with bright interfaces, dark vessels and shadows."""
    height, width = int(rng.integers(200, 420)), int(rng.integers(240, 520))
    y, x = np.mgrid[:height, :width].astype(np.float32)
    tissue = 0.25 + 0.6 * _smooth(rng, (height, width), rng.uniform(15, 60), rng.uniform(8, 30))
    for _ in range(int(rng.integers(0, 6))):  # fascia: bright lines, not ordered as a retina's
        line = rng.uniform(0.05, 0.95) * height + _curve(rng, width, 40) * rng.uniform(2, 40) + rng.uniform(-0.3, 0.3) * x[0]
        tissue += rng.uniform(0.2, 0.8) * np.exp(-((y - line[None]) ** 2) / rng.uniform(3, 30))
    for _ in range(int(rng.integers(0, 4))):
        cy, cx, ry, rx = rng.uniform(0, height), rng.uniform(0, width), rng.uniform(8, 70), rng.uniform(8, 90)
        inside = ((y - cy) / ry) ** 2 + ((x - cx) / rx) ** 2 < 1
        tissue[inside] *= rng.uniform(0.03, 0.4)
    speckle = cv2.GaussianBlur(rng.gamma(1.2, 1 / 1.2, (height, width)).astype(np.float32), (0, 0), rng.uniform(1, 3), sigmaY=1)
    values = (
        np.clip(tissue * speckle, 0, 3) ** rng.uniform(0.5, 1.0) * rng.uniform(90, 190) * (1 - rng.uniform(0, 0.7) * y / height)
    )
    kind = rng.integers(3)
    if kind == 0:  # a fan
        top = -rng.uniform(0.02, 0.4) * height
        radius, angle = np.hypot(x - width / 2, y - top), np.abs(np.arctan2(x - width / 2, y - top))
        values[(angle > rng.uniform(0.4, 0.9)) | (radius > height - top) | (radius < -top * 1.2)] = 0
    elif kind == 1:
        margin = int(rng.uniform(0, 0.2) * width)
        values[:, :margin] = 0
        values[:, width - margin :] = 0
    out = _grey(values.astype(np.float32))
    if rng.random() < 0.5:
        cv2.putText(out, "TIS 0.4 MI 1.1 6 cm", (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (220, 220, 220), 1)
    return out


def tomogram(rng: np.random.Generator) -> Rgb:
    """Ellipses in an ellipse: a slice through a head or a body."""
    height, width = int(rng.integers(150, 400)), int(rng.integers(150, 400))
    out = np.full((height, width), rng.uniform(0, 8), np.float32)
    cv2.ellipse(
        out, (width // 2, height // 2), (int(width * 0.42), int(height * 0.44)), 0, 0, 360, float(rng.uniform(120, 255)), -1
    )
    rim = rng.uniform(0.02, 0.08)
    inner = int(width * (0.42 - rim)), int(height * (0.44 - rim))
    cv2.ellipse(out, (width // 2, height // 2), inner, 0, 0, 360, float(rng.uniform(40, 130)), -1)
    for _ in range(int(rng.integers(3, 25))):
        centre = int(width * rng.uniform(0.25, 0.75)), int(height * rng.uniform(0.25, 0.75))
        axes = int(rng.integers(3, max(4, width // 6))), int(rng.integers(3, max(4, height // 6)))
        cv2.ellipse(out, centre, axes, float(rng.uniform(0, 180)), 0, 360, float(rng.uniform(0, 220)), -1)
    out = np.asarray(cv2.GaussianBlur(out, (0, 0), rng.uniform(0.5, 3)), np.float32)
    return _grey(out + rng.normal(0, rng.uniform(1, 12), out.shape).astype(np.float32))


def radiograph(rng: np.random.Generator) -> Rgb:
    """Soft shadows and ribs, a hand's rods, a tooth row."""
    height, width = int(rng.integers(200, 400)), int(rng.integers(180, 400))
    y, x = np.mgrid[:height, :width].astype(np.float32)
    values = 60 + 90 * _smooth(rng, (height, width), 50, 50)
    for side in (-1, 1):  # lungs
        cx = width * (0.5 + side * rng.uniform(0.17, 0.25))
        values -= rng.uniform(30, 90) * np.exp(
            -((((x - cx) / (0.16 * width)) ** 2 + ((y - 0.5 * height) / (0.33 * height)) ** 2) ** 2)
        )
    values += rng.uniform(20, 90) * np.exp(-(((x - width / 2) / (0.06 * width)) ** 2))
    gap, bend = rng.uniform(14, 40), rng.uniform(0.0004, 0.003)
    arcs = np.sin(2 * np.pi * (y - bend * (x - width / 2) ** 2) / gap)
    values += rng.uniform(3, 20) * np.clip(arcs, 0, 1)
    return _grey(values + rng.normal(0, rng.uniform(1, 6), values.shape).astype(np.float32))


def histology(rng: np.random.Generator) -> Rgb:
    """Nuclei in stained tissue, or fluorescent cells on black."""
    height, width = _size(rng)
    lit = rng.random() < 0.35
    ground = np.array([5, 5, 10] if lit else [rng.uniform(200, 250), rng.uniform(150, 220), rng.uniform(200, 245)])
    stroma = np.array([30, 60, 20] if lit else [rng.uniform(190, 240), rng.uniform(90, 160), rng.uniform(150, 210)])
    out = np.ascontiguousarray(_tinted(_smooth(rng, (height, width), 8, 8), ground, stroma))
    ink = (40, 90, 250) if lit else (int(rng.integers(60, 130)), int(rng.integers(30, 80)), int(rng.integers(90, 160)))
    for _ in range(int(rng.integers(30, 400))):
        centre = int(rng.integers(0, width)), int(rng.integers(0, height))
        axes = int(rng.integers(2, 9)), int(rng.integers(2, 9))
        cv2.ellipse(out, centre, axes, float(rng.uniform(0, 180)), 0, 360, ink, -1, cv2.LINE_AA)
    return np.asarray(cv2.GaussianBlur(out, (0, 0), rng.uniform(0.5, 1.5)), np.uint8)


def skin(rng: np.random.Generator) -> Rgb:
    """A mole on skin, with or without a dermatoscope's dark corners and hairs."""
    height, width = _size(rng)
    tone = np.array([rng.uniform(150, 245), rng.uniform(100, 190), rng.uniform(80, 170)])
    out = _tinted(_smooth(rng, (height, width), 10, 10), tone * rng.uniform(0.8, 0.95), tone).astype(np.float32)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    edge = 1 + 0.4 * (_smooth(rng, (height, width), 12, 12) - 0.5)
    cy, cx = rng.uniform(0.3, 0.7) * height, rng.uniform(0.3, 0.7) * width
    far = ((y - cy) / (rng.uniform(0.08, 0.35) * height)) ** 2 + ((x - cx) / (rng.uniform(0.08, 0.35) * width)) ** 2
    mole = 1 / (1 + np.exp(np.minimum(6 * (far * edge - 1), 60)))
    out = out * (1 - mole[..., None] * rng.uniform(0.3, 0.85) * (0.7 + 0.3 * _smooth(rng, (height, width), 4, 4)[..., None]))
    seen = np.ascontiguousarray(np.clip(out, 0, 255), np.uint8)
    for _ in range(int(rng.integers(0, 12))):
        a, b = rng.integers(0, [width, height], 2), rng.integers(0, [width, height], 2)
        cv2.line(seen, (int(a[0]), int(a[1])), (int(b[0]), int(b[1])), (50, 35, 30), 1, cv2.LINE_AA)
    if rng.random() < 0.4:
        seen[~_disc((height, width), rng)] = 0
    return seen


def endoscopy(rng: np.random.Generator) -> Rgb:
    """A tube's folds with a dark end and glints, in a round or cut field on black."""
    height, width = int(rng.integers(200, 400)), int(rng.integers(220, 440))
    y, x = np.mgrid[:height, :width].astype(np.float32)
    cy, cx = rng.uniform(0.2, 0.8) * height, rng.uniform(0.2, 0.8) * width
    far = np.hypot((y - cy) / height, (x - cx) / width) + 0.12 * _smooth(rng, (height, width), 25, 25)
    folds = 0.85 + 0.25 * np.sin(2 * np.pi * far * rng.uniform(3, 9))
    light = np.clip(far * rng.uniform(1.5, 3), 0, 1) * folds
    tone = np.array([rng.uniform(170, 250), rng.uniform(70, 150), rng.uniform(50, 120)])
    out = np.ascontiguousarray(np.clip(light[..., None] * tone, 0, 255).astype(np.uint8))
    for _ in range(int(rng.integers(0, 15))):
        centre = int(rng.integers(0, width)), int(rng.integers(0, height))
        cv2.ellipse(out, centre, (int(rng.integers(1, 9)), int(rng.integers(1, 5))), 30, 0, 360, (255, 250, 245), -1, cv2.LINE_AA)
    out[~_disc((height, width), rng)] = 0
    return out


def ball(rng: np.random.Generator) -> Rgb:
    """A disc on black or white that is no fundus: planets, coins, fruit, dishes, lamps."""
    height, width = _size(rng)
    mask = _disc((height, width), rng)
    texture = _smooth(rng, (height, width), rng.uniform(2, 50), rng.uniform(2, 12))
    out = _tinted(texture, np.array(_colour(rng), float), np.array(_colour(rng), float)).astype(np.float32)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    if rng.random() < 0.6:
        out *= np.clip(1.2 - rng.uniform(0.5, 2) * np.hypot(y / height - rng.uniform(0, 1), x / width - rng.uniform(0, 1)), 0, 1)[
            ..., None
        ]
    out[~mask] = rng.choice([0, 0, 0, 255])
    return np.asarray(np.clip(out, 0, 255), np.uint8)


def eye(rng: np.random.Generator) -> Rgb:
    """An eye from outside: skin, white, iris, pupil."""
    height, width = int(rng.integers(160, 360)), int(rng.integers(200, 480))
    out = np.full((height, width, 3), (rng.uniform(150, 230), rng.uniform(110, 180), rng.uniform(90, 150)), np.uint8)
    centre = width // 2, height // 2
    radius = int(min(height, width) * rng.uniform(0.2, 0.45))
    cv2.ellipse(out, centre, (int(radius * 2.1), int(radius * 1.1)), 0, 0, 360, (235, 225, 220), -1, cv2.LINE_AA)
    cv2.circle(out, centre, radius, _colour(rng), -1, cv2.LINE_AA)
    for angle in rng.uniform(0, 2 * np.pi, 90):
        end = int(centre[0] + radius * np.cos(angle)), int(centre[1] + radius * np.sin(angle))
        cv2.line(out, centre, end, _colour(rng), 1, cv2.LINE_AA)
    cv2.circle(out, centre, int(radius * rng.uniform(0.25, 0.6)), (8, 8, 8), -1, cv2.LINE_AA)
    cv2.circle(out, (centre[0] - radius // 4, centre[1] - radius // 4), max(2, radius // 8), (255, 255, 255), -1)
    return np.asarray(cv2.GaussianBlur(out, (0, 0), rng.uniform(0.5, 2)), np.uint8)


DRAWERS: dict[str, Drawer] = {
    draw.__name__: draw
    for draw in (
        noise, gradient, uniform, bands, grating, seismic, document, plot, cartoon, ultrasound, tomogram, radiograph, histology,
        skin, endoscopy, ball, eye,
    )
}  # fmt: skip
