"""What the slices of a volume make of the eye: one result, by a rule that a person can check on the slices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from octcore.taxonomy import OCT_FAMILIES, OCT_LABELS

NEIGHBOURS = 3
"""Slices whose mean counts: a finding reaches over more than one slice, an artefact seldom does."""
_NORMAL = OCT_LABELS.index("NORMAL")


@dataclass(frozen=True)
class Eye:
    """One result for an eye.

    ``scores``: every class and family by its highest mean probability over `NEIGHBOURS` neighbouring slices, NORMAL by its
    lowest; they do not sum to 1, since an eye may have several findings. ``probability``: the label's score.
    ``prediction_set``: the label, and every class whose score reaches the conformal threshold, highest first. The threshold
    was chosen on single B-scans: its 95 in 100 is not promised for an eye.
    """

    label: str
    probability: float
    scores: dict[str, float]
    prediction_set: tuple[str, ...]


def eye_of(probabilities: NDArray[np.float64], threshold: float) -> Eye:
    """The eye's result of its slices' probabilities (S, classes); rows of NaN (nothing scanned) have no say.

    The eye is NORMAL only where no slice says otherwise: NORMAL is in every slice's conformal set (its probability reaches
    ``threshold``) and leads in every mean over three neighbouring slices. Else it is the other class whose highest such mean
    is the greatest.
    """
    said = probabilities[np.isfinite(probabilities).all(axis=1)]
    means = _means(said)
    peaks = means.max(axis=0)
    peaks[_NORMAL] = means[:, _NORMAL].min()
    others = [k for k in range(len(OCT_LABELS)) if k != _NORMAL]
    possible = bool((said[:, _NORMAL] >= threshold).all())
    leads = bool((means.argmax(axis=1) == _NORMAL).all())
    best = _NORMAL if possible and leads else max(others, key=lambda k: float(peaks[k]))
    scores = {name: float(peaks[k]) for k, name in enumerate(OCT_LABELS)}
    for family, members in OCT_FAMILIES.items():
        scores[family] = float(means[:, [OCT_LABELS.index(name) for name in members]].sum(axis=1).max())
    likely = sorted((k for k in range(len(OCT_LABELS)) if peaks[k] >= threshold and k != best), key=lambda k: -peaks[k])
    return Eye(OCT_LABELS[best], float(peaks[best]), scores, tuple(OCT_LABELS[k] for k in (best, *likely)))


def _means(said: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means over neighbouring slices, (S - 2, classes); of fewer than three slices the mean of all, (1, classes)."""
    if len(said) < NEIGHBOURS:
        return np.asarray(said.mean(axis=0, keepdims=True))
    return np.asarray(np.lib.stride_tricks.sliding_window_view(said, NEIGHBOURS, axis=0).mean(axis=-1))
