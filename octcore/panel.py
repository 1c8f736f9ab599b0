"""The classifiers behind one name, answering together: one model, or all of a task (``ensemble``)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from octcore import models
from octcore.calibrate import pooled, softmax
from octcore.taxonomy import ClassifyTask

Floats = NDArray[np.float32]


class Panel:
    """Networks that read the same input. They load here; safe from several threads. Raises `models.ModelError`."""

    def __init__(self, model: str, task: ClassifyTask) -> None:
        self._members = models.members(model, task)
        self._networks = [models.network(member) for member in self._members]
        self._temperature = models.pooled_temperature(task, model)
        self._weights = models.pool_weights(task, model)

    def read(self, inputs: Floats) -> tuple[NDArray[np.float64], Floats]:
        """Of a batch (N, channels, H, W): calibrated probabilities (N, C), and the members' mean class activation maps
        (N, C, h, w), from one forward pass each."""
        said = [network.run(inputs) for network in self._networks]
        parts = [softmax(logits, member.temperature) for member, (logits, _) in zip(self._members, said, strict=True)]
        maps = np.average([maps for _, maps in said], axis=0, weights=self._weights)
        return pooled(parts, self._temperature, self._weights), np.asarray(maps, np.float32)

    def uncalibrated(self, inputs: Floats) -> NDArray[np.float64]:
        """The members' mean probabilities (N, C) as they were before any temperature, to measure what those change."""
        return np.asarray(np.mean([softmax(network.run(inputs)[0]) for network in self._networks], axis=0))


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
