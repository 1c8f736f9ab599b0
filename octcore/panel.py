"""The classifiers behind one name, answering together: one model, or all of a task (``ensemble``)."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from octcore import models
from octcore.calibrate import pooled, softmax
from octcore.familiarity import familiarity
from octcore.taxonomy import ClassifyTask

Floats = NDArray[np.float32]


class Runs(Protocol):
    """A network: the engine's, or one that stands in for it."""

    def run(self, inputs: Floats) -> tuple[Floats, Floats]:
        """Both outputs of a batch."""


MIRRORED = frozenset({"fundus"})
"""Tasks whose networks read a picture and its mirror image and answer with the mean of both: a right eye's mirror image is a
left eye. On B-scans it was not measured."""


def answer(network: Runs, inputs: Floats, task: str) -> tuple[Floats, Floats]:
    """A network's logits (N, C) and class activation maps (N, C, h, w) of a batch (N, channels, H, W), as ``task`` reads it."""
    if task not in MIRRORED:
        return network.run(inputs)
    logits, maps = network.run(np.concatenate([inputs, inputs[..., ::-1]]))
    half = len(inputs)
    mean = np.asarray((logits[:half] + logits[half:]) / 2, np.float32)
    return mean, np.asarray((maps[:half] + maps[half:, ..., ::-1]) / 2, np.float32)


class Reading(NamedTuple):
    """Of N pictures: calibrated ``probabilities`` float64 (N, C); the members' mean class activation ``maps`` float32
    (N, C, h, w); ``familiar`` bool (N,), False where the picture is unlike 99 in 100 of the validation patients'."""

    probabilities: NDArray[np.float64]
    maps: Floats
    familiar: NDArray[np.bool_]


class Panel:
    """Networks that read the same input. They load here; safe from several threads. Raises `models.ModelError`.

    An ensemble's members of no weight have nothing to say: they are neither loaded nor run.
    """

    def __init__(self, model: str, task: ClassifyTask) -> None:
        self._task = task
        everyone = models.members(model, task)
        shares = models.pool_weights(task, model) or [1.0] * len(everyone)
        self._members = [member for member, share in zip(everyone, shares, strict=True) if share]
        self._weights = [share for share in shares if share]
        self._networks = [models.network(member) for member in self._members]
        self._temperature = models.pooled_temperature(task, model)
        self._scales = [models.energy_scale(member) for member in self._members]
        self._familiar_from = models.familiar_from(task, model)

    def read(self, inputs: Floats) -> Reading:
        """What is said of a batch (N, channels, H, W), all of it from the same forward passes."""
        said = [answer(network, inputs, self._task) for network in self._networks]
        parts = [softmax(logits, member.temperature) for member, (logits, _) in zip(self._members, said, strict=True)]
        maps = np.average([maps for _, maps in said], axis=0, weights=self._weights)
        score = familiarity([logits for logits, _ in said], self._scales, self._weights)
        probabilities = pooled(parts, self._temperature, self._weights)
        return Reading(probabilities, np.asarray(maps, np.float32), np.asarray(score >= self._familiar_from))

    def uncalibrated(self, inputs: Floats) -> NDArray[np.float64]:
        """The members' mean probabilities (N, C) as they were before any temperature, to measure what those change."""
        return np.asarray(np.mean([softmax(answer(network, inputs, self._task)[0]) for network in self._networks], axis=0))


def over_the_scan(activation: Floats, invalid: NDArray[np.bool_], matrix: NDArray[np.float32], size: tuple[int, int]) -> Floats:
    """One class's activation map (h, w), laid back from the network's input of ``size`` over the whole working picture.

    ``matrix``: from places of that picture to places of the input; ``invalid``: bool (H, W), where the picture holds
    nothing. Returns float32 (H, W) in [0, 1].
    """
    fine = cv2.resize(activation, (activation.shape[1] * 4, activation.shape[0] * 4), interpolation=cv2.INTER_CUBIC)
    positive = np.asarray(np.clip(fine, 0, None), np.float32)
    full = cv2.resize(positive / np.float32(max(float(positive.max()), 1e-6)), size[::-1], interpolation=cv2.INTER_LINEAR)
    laid = cv2.warpAffine(full, matrix, invalid.shape[::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    laid[invalid] = 0
    return np.asarray(np.clip(laid, 0, 1), np.float32)
