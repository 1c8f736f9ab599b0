"""How familiar a picture is to the classifiers that judge it: an out-of-distribution score beside their answer.

The energy of a network's logits (Liu et al. 2020) is high where some class fits, and low where none does. The quality gate
looks at the picture and asks whether it is a scan at all; this asks the classifiers whether it is one like those they learned.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Scale(NamedTuple):
    """A network's energies on validation patients: their mean and standard deviation."""

    mean: float
    deviation: float


def energy(logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Logarithm of the summed exponentials of each row of logits (N, C): float64 (N,)."""
    highest = logits.max(axis=1).astype(np.float64)
    return np.asarray(highest + np.log(np.exp(logits - highest[:, None]).sum(axis=1)))


def familiarity(
    logits: Sequence[NDArray[np.floating[Any]]], scales: Sequence[Scale], weights: Sequence[float] | None = None
) -> NDArray[np.float64]:
    """Several networks' energies of the same pictures, each in its own standard deviations, and their mean (with
    ``weights``, where given): float64 (N,), 0 for a picture like the validation patients'."""
    parts = [(energy(said) - scale.mean) / scale.deviation for said, scale in zip(logits, scales, strict=True)]
    return np.asarray(np.average(parts, axis=0, weights=weights))
