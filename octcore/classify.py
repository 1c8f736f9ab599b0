"""Classifies a scan: calibrated probabilities, how far to trust them, and where the model looked."""

from __future__ import annotations

import time
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from octcore import models
from octcore.calibrate import pooled, softmax
from octcore.preprocess import INPUT_SIZE, Frame, classifier_input
from octcore.scan import Scan
from octcore.taxonomy import OCT_LABELS, with_families

UNCERTAIN_FROM = 3
"""A prediction set of so many classes says: the model does not know."""


@dataclass(frozen=True)
class Classification:
    """What a model said of a scan.

    ``probabilities``: every class (sum 1) and, beside them, every family's sum. ``uncertainty``: entropy of the
    classes over its maximum, in [0, 1]. ``prediction_set``: classes that hold the truth 95 times in 100 on patients
    like the validation set's. ``heatmap``: float32 (h, w) in [0, 1] over the whole scan (resize it to the scan).
    ``caveats``: keys of the interface's strings (``caveat.<key>``).
    """

    task: str
    model: str
    version: str
    label: str
    probability: float
    probabilities: dict[str, float]
    uncertainty: float
    prediction_set: tuple[str, ...]
    heatmap: NDArray[np.float32]
    milliseconds: float
    reliable: bool
    caveats: tuple[str, ...]


def classify(scan: Scan, model: str = models.ENSEMBLE) -> Classification:
    """Classify one B-scan. Models load at first use; safe from several threads. Raises `models.ModelError`."""
    found = models.members(model, "oct")
    networks = [models.network(m) for m in found]
    started = time.perf_counter()
    tensor, framed, matrix = classifier_input(scan.grey)
    parts = []
    maps = np.zeros((len(OCT_LABELS), 20, 28), np.float32)
    for info, network in zip(found, networks, strict=True):
        logits, activation = network.run(tensor)
        parts.append(softmax(logits, info.temperature))
        resized = np.stack([cv2.resize(a, (28, 20), interpolation=cv2.INTER_CUBIC) for a in activation[0]])
        maps += (resized / len(found)).astype(np.float32)
    mean = pooled(parts, models.pooled_temperature("oct", model))[0]
    best = int(mean.argmax())
    members_set = prediction_set(mean, models.conformal("oct", model))
    caveats = []
    if scan.synthetic:
        caveats.append("synthetic")
    if scan.modality == "fundus":
        caveats.append("not_oct")
    if len(members_set) >= UNCERTAIN_FROM:
        caveats.append("uncertain")
    heatmap = over_the_scan(maps[best], framed, matrix)
    return Classification(
        task="oct",
        model=model,
        version=models.version_of(model, "oct"),
        label=OCT_LABELS[best],
        probability=float(mean[best]),
        probabilities=with_families(dict(zip(OCT_LABELS, mean.tolist(), strict=True))),
        uncertainty=float(-(mean * np.log(np.clip(mean, 1e-12, 1))).sum() / np.log(len(mean))),
        prediction_set=members_set,
        heatmap=heatmap,
        milliseconds=(time.perf_counter() - started) * 1e3,
        reliable=not caveats,
        caveats=tuple(caveats),
    )


def prediction_set(probabilities: NDArray[np.float64], threshold: float) -> tuple[str, ...]:
    """The classes from ``threshold`` up, most probable first; never empty."""
    order = np.argsort(-probabilities)
    chosen = [k for k in order if probabilities[k] >= threshold] or [order[0]]
    return tuple(OCT_LABELS[k] for k in chosen)


def over_the_scan(activation: NDArray[np.float32], framed: Frame, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """One class's activation map (h, w), laid back from the network's input over the whole scan, in [0, 1]."""
    positive = np.clip(activation, 0, None)
    positive = positive / max(float(positive.max()), 1e-6)
    full = cv2.resize(positive, INPUT_SIZE[::-1], interpolation=cv2.INTER_LINEAR)
    height, width = framed.image.shape
    laid = cv2.warpAffine(full, matrix, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    laid[framed.invalid] = 0
    return np.asarray(np.clip(laid, 0, 1), np.float32)
