"""Classifies a scan: calibrated probabilities, how far to trust them, and where the model looked."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from octcore import models
from octcore.caveats import scan_caveats
from octcore.inputs import scan_input
from octcore.panel import Panel
from octcore.scan import Scan
from octcore.taxonomy import LABELS, ClassifyTask, with_families

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


def classify(scan: Scan, model: str = models.ENSEMBLE, task: ClassifyTask = "oct") -> Classification:
    """Classify one B-scan or photograph. Models load at first use; safe from several threads. Raises `models.ModelError`."""
    panel = Panel(model, task)
    started = time.perf_counter()
    given = scan_input(scan, task)
    reading = panel.read(given.tensor)
    said, labels = reading.probabilities[0], LABELS[task]
    best = int(said.argmax())
    members_set = prediction_set(said, models.conformal(task, model), labels)
    unsure = ("uncertain",) if len(members_set) >= UNCERTAIN_FROM else ()
    strange = () if reading.familiar[0] else ("unfamiliar",)
    caveats = (*scan_caveats(scan, task), *strange, *unsure)
    return Classification(
        task=task,
        model=model,
        version=models.version_of(model, task),
        label=labels[best],
        probability=float(said[best]),
        probabilities=with_families(dict(zip(labels, said.tolist(), strict=True))),
        uncertainty=float(-(said * np.log(np.clip(said, 1e-12, 1))).sum() / np.log(len(said))),
        prediction_set=members_set,
        heatmap=given.back(reading.maps[0, best]),
        milliseconds=(time.perf_counter() - started) * 1e3,
        reliable=not caveats,
        caveats=caveats,
    )


def prediction_set(probabilities: NDArray[np.float64], threshold: float, labels: tuple[str, ...]) -> tuple[str, ...]:
    """The classes (``labels``, in the order of ``probabilities``) from ``threshold`` up, most probable first; never empty."""
    order = np.argsort(-probabilities)
    chosen = [k for k in order if probabilities[k] >= threshold] or [order[0]]
    return tuple(labels[k] for k in chosen)
