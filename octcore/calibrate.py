"""From a network's logits to probabilities that mean what they say, and sets that hold the truth 95 times in 100."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def softmax(logits: NDArray[np.floating[Any]], temperature: float = 1.0) -> NDArray[np.float64]:
    """Probabilities (N, C), rows of sum 1, of logits (N, C) divided by ``temperature``."""
    z = logits.astype(np.float64) / temperature
    z -= z.max(axis=1, keepdims=True)
    e = np.exp(z)
    return np.asarray(e / e.sum(axis=1, keepdims=True))


def allowed_probability(probabilities: NDArray[np.float64], allowed: Floats) -> NDArray[np.float64]:
    """Summed probability (N,) of the classes that each label allows; ``allowed`` (N, C) in {0, 1}."""
    return np.asarray((probabilities * allowed).sum(axis=1))


def fit_temperature(logits: NDArray[np.floating[Any]], allowed: Floats, prior: NDArray[np.floating[Any]] | float = 0.0) -> float:
    """The temperature (Guo et al. 2017) with the least mean -log p(allowed) on validation data; ``prior`` (C,) is added to
    the logits after they were divided."""
    from scipy.optimize import minimize_scalar  # here: serving never fits, and would load it for half a second

    def loss(log_t: float) -> float:
        p = allowed_probability(softmax(logits / np.exp(log_t) + prior), allowed)
        return float(-np.log(np.clip(p, 1e-12, 1)).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-2.0, 2.0), method="bounded").x))


def conformal_threshold(probabilities: NDArray[np.float64], allowed: Floats, coverage: float = 0.95) -> float:
    """The probability from which a class belongs to the prediction set (split conformal, Sadinle et al. 2019).

    On exchangeable scans the set holds an allowed class with at least ``coverage``: the quantile is the
    finite-sample one, ceil((n + 1) coverage) / n, of 1 - p(best allowed class).
    """
    best = np.where(allowed > 0.5, probabilities, 0.0).max(axis=1)
    n = len(best)
    rank = min(n, int(np.ceil((n + 1) * coverage)))
    return float(np.sort(best)[::-1][rank - 1])


def expected_calibration_error(confidence: NDArray[np.float64], right: NDArray[np.bool_], bins: int = 15) -> float:
    """Mean gap between confidence and accuracy over equal-width bins, weighted by size (Naeini et al. 2015)."""
    if len(confidence) == 0:
        return float("nan")
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [abs(confidence[place == b].mean() - right[place == b].mean()) * (place == b).mean() for b in np.unique(place)]
    return float(sum(gaps))


def pooled(
    parts: Sequence[NDArray[np.float64]], temperature: float, weights: Sequence[float] | None = None
) -> NDArray[np.float64]:
    """Several models' calibrated probabilities, each (N, C), as one: their mean (with ``weights``, where given), sharpened
    by a ``temperature`` below 1."""
    mean = np.average(parts, axis=0, weights=weights)
    return softmax(np.log(np.clip(mean, 1e-12, 1)), temperature)


def fit_weights(parts: Sequence[NDArray[np.float64]], allowed: Floats) -> list[float]:
    """The weights (sum 1, each a multiple of 0.05) of several models' probabilities whose mean has the least
    -log p(allowed) on validation data. A model that only adds noise gets 0."""
    said = np.stack([allowed_probability(part, allowed) for part in parts])
    weights = np.full(len(parts), 1 / len(parts))

    def loss(w: NDArray[np.float64]) -> float:
        return float(-np.log(np.clip(w @ said, 1e-12, 1)).mean())

    step = 0.5
    while step >= 0.05:  # the loss is convex in the weights: moving share from one model to another finds its minimum
        moves = [(i, j) for i in range(len(parts)) for j in range(len(parts)) if i != j and weights[i] > 0]
        tried = []
        for i, j in moves:
            other = weights.copy()
            other[j] += min(step, other[i])
            other[i] -= min(step, weights[i])
            tried.append((loss(other), other))
        best = min(tried, key=lambda one: one[0], default=(np.inf, weights))
        if best[0] < loss(weights) - 1e-9:
            weights = best[1]
        else:
            step /= 2
    return [float(w) for w in np.round(weights / 0.05) * 0.05 / max(float((np.round(weights / 0.05) * 0.05).sum()), 1e-9)]
