"""May this picture be read: is it a B-scan, a fundus photograph or neither, and is it good enough?

One small network answers the first question twice: a classifier that has seen pictures of other things, and the distance
from the scans that it learned from, which also speaks up at things that nobody thought of. Either may refuse. Everything
else is measured plainly and only warns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from octcore import models
from octcore.calibrate import softmax
from octcore.preprocess import WORKING_PIXELS, Frame, frame
from octcore.scan import Scan

Kind = Literal["oct", "fundus", "neither"]
KINDS: tuple[Kind, ...] = ("oct", "fundus", "neither")
"""The order of the network's logits."""
NEITHER = KINDS.index("neither")
FRAMED_PIXELS = 45_000
"""The retina is looked for on a scan of this area: coarse, but its rows are all that is needed here."""
SIDE = 128
"""Rows and columns that the network reads; the picture is squeezed to a square."""


TOO_DARK: dict[Kind, float] = {"oct": 110.0, "fundus": 58.0}
OVEREXPOSED: dict[Kind, float] = {"oct": 0.004, "fundus": 0.12}
BLURRED: dict[Kind, float] = {"oct": 0.36, "fundus": 0.34}
WEAK_SIGNAL = 5.5
CUT_OFF = 0.25
"""Where the warnings begin (`Measures` says of what). Each is chosen so that at most 5 in 1,000 scans of the validation
patients get it; the model card has the shares on the test patients."""


@dataclass(frozen=True)
class Quality:
    """What a picture is and how good it is.

    ``kind``: what it shows; ``accepted``: False exactly where that is "neither"; ``score``: in [0, 1], how much it is like
    a scan that can be read; ``distance``: from the known scans of its likelier kind, above 1 is farther than scans ever
    were; ``reasons``: codes, of which not_retinal refuses and is_fundus, too_dark, overexposed, blurred, cut_off and
    weak_signal warn.
    """

    kind: Kind
    accepted: bool
    score: float
    distance: float
    reasons: tuple[str, ...]


def assess(scan: Scan) -> Quality:
    """Look at a scan's picture (of a volume: its middle B-scan). About 10 ms. Raises `models.ModelError`."""
    logits, distances = models.quality_network().run(network_input(scan.pixels))
    likelihoods = softmax(logits)[0]
    likelier = int(likelihoods[:2].argmax())
    distance = float(distances[0, likelier])
    score = float(1 - likelihoods[2]) * min(1.0, 1.0 / max(distance, 1e-6)) ** 2
    if not accepted(logits, distances)[0]:
        return Quality("neither", False, score, distance, ("not_retinal",))
    kind = KINDS[likelier]
    reasons = (("is_fundus",) if kind == "fundus" else ()) + warnings(measure(scan.grey, kind), kind)
    return Quality(kind, True, score, distance, reasons)


def accepted(logits: NDArray[np.float32], distances: NDArray[np.float32]) -> NDArray[np.bool_]:
    """The rule, bool (N,), of the network's logits (N, 3) and distances (N, 2): a kind of scan is likelier than neither, and
    the picture is not far from the known scans of that kind."""
    kind = logits[:, :NEITHER].argmax(axis=1)
    near = distances[np.arange(len(kind)), kind] <= 1
    return np.asarray((logits.argmax(axis=1) != NEITHER) & near)


def network_input(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """uint8 (H, W) or (H, W, 3) RGB to float32 (1, 3, 128, 128) in about [-1, 1]."""
    small = cv2.resize(pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    if small.ndim == 2:
        small = np.repeat(small[..., None], 3, axis=2)
    return np.ascontiguousarray(((small.astype(np.float32) - 127.0) / 128.0).transpose(2, 0, 1)[None])


class Measures(NamedTuple):
    """What the warnings rest on.

    ``bright``: 99th percentile of the grey levels, [0, 255]; ``burnt``: share of the picture at 250 and above (of a B-scan
    without what reaches the upper or lower border: registration wedges); ``detail``: fine against coarse structure, about
    [0, 3], of a photograph fine structure in percent of the mean level; ``signal``: tissue above background in units of the
    noise; ``cut``: share of the columns in which tissue reaches the picture's first, or last, row. The last two are 0 and
    not used for a photograph.
    """

    bright: float
    burnt: float
    detail: float
    signal: float
    cut: float


def measure(grey: NDArray[np.uint8], kind: Kind) -> Measures:
    """The measures of a picture uint8 (H, W), taken for what ``kind`` says. Any size from 8 a side."""
    return _of_scan(grey) if kind == "oct" else _of_photograph(grey)


def warnings(measures: Measures, kind: Kind) -> tuple[str, ...]:
    """The codes of what is not good enough about a scan or a photograph."""
    found = {
        "too_dark": measures.bright < TOO_DARK[kind],
        "overexposed": measures.burnt > OVEREXPOSED[kind],
        "blurred": measures.detail < BLURRED[kind],
        "cut_off": kind == "oct" and measures.cut > CUT_OFF,
        "weak_signal": kind == "oct" and measures.signal < WEAK_SIGNAL,
    }
    return tuple(code for code, is_so in found.items() if is_so)


def _of_scan(grey: NDArray[np.uint8]) -> Measures:
    small = _reduced(grey, FRAMED_PIXELS)
    framed = frame(small)
    valid = ~framed.invalid
    if not valid.any():
        valid[:] = True
    values = np.asarray(cv2.resize(small, valid.shape[::-1], interpolation=cv2.INTER_AREA), np.float32)
    smooth = cv2.GaussianBlur(values, (0, 0), 2.0)
    seen = values[valid]
    background, tissue = np.percentile(smooth[valid], [25, 99])
    return Measures(
        bright=float(np.percentile(seen, 99)),
        burnt=float(_burnt(values).mean()),
        detail=_detail(grey, framed, valid),
        signal=float((tissue - background) / max(float((seen - smooth[valid]).std()), 0.5)),
        cut=_cut(framed),
    )


def _burnt(values: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Saturated places, bool (H, W). What reaches the upper or lower border is a registration wedge, not tissue."""
    white = (values >= 250).astype(np.uint8)
    _, names = cv2.connectedComponents(white, connectivity=4)
    wedges = np.unique(np.concatenate([names[:2].ravel(), names[-2:].ravel()]))
    return np.asarray((white > 0) & ~np.isin(names, wedges))


def _detail(grey: NDArray[np.uint8], framed: Frame, valid: NDArray[np.bool_]) -> float:
    """Fine over coarse structure in the retina's rows, at the grain that the classifiers read."""
    fine_grained = _reduced(grey, WORKING_PIXELS)
    zoom = fine_grained.shape[0] / valid.shape[0]
    top = int(framed.top * zoom)
    rows = slice(top, max(int(np.ceil(framed.bottom * zoom)), top + 8))
    retina = fine_grained[rows].astype(np.float32)
    # A registration wedge's edge is no detail of the retina: only places clear of it count.
    clear = cv2.erode(valid.astype(np.uint8), np.ones((7, 7), np.uint8), borderValue=1)
    inner = cv2.resize(clear, fine_grained.shape[::-1], interpolation=cv2.INTER_NEAREST)[rows].astype(bool)
    if not inner.any():
        inner = np.ones_like(inner)
    near = cv2.GaussianBlur(retina, (0, 0), 1.0)
    fine, coarse = (retina - near)[inner], (near - cv2.GaussianBlur(retina, (0, 0), 4.0))[inner]
    return float(fine.std() / max(float(coarse.std()), 1e-3))


def _reduced(grey: NDArray[np.uint8], pixels: int) -> NDArray[np.uint8]:
    """The picture with about so many pixels at most."""
    scale = min(1.0, float(np.sqrt(pixels / grey.size)))
    size = max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale))
    return grey if scale == 1 else np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)


def _cut(framed: Frame) -> float:
    """The share of columns in which bright tissue lies on the first, or on the last, valid row; the larger of both."""
    valid = ~framed.invalid
    columns = valid.any(axis=0)
    if not columns.any():
        return 0.0
    smooth = cv2.GaussianBlur(framed.image, (0, 0), 2.0)
    first = np.argmax(valid, axis=0)
    last = len(valid) - 1 - np.argmax(valid[::-1], axis=0)
    across = np.arange(valid.shape[1])
    edges = [smooth[np.minimum(first + 3, last), across], smooth[np.maximum(last - 3, first), across]]
    return max(float((edge[columns] > 110).mean()) for edge in edges)


def _of_photograph(grey: NDArray[np.uint8]) -> Measures:
    scale = min(1.0, 384 / max(grey.shape))
    values = _reduced(grey, int(grey.size * scale * scale)).astype(np.float32)
    field = values > 12  # the round field; its rim is no detail
    inner = cv2.erode(field.astype(np.uint8), np.ones((15, 15), np.uint8), borderValue=1).astype(bool)
    inner = inner if inner.any() else np.ones_like(field)
    fine = values - cv2.GaussianBlur(values, (0, 0), 1.5)
    return Measures(
        bright=float(np.percentile(values, 99)),
        burnt=float((values[inner] >= 250).mean()),
        detail=float(fine[inner].std() / max(float(values[inner].mean()), 8.0) * 100),
        signal=0.0,
        cut=0.0,
    )
