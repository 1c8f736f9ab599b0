"""A scan as a task's classifiers read it, and the way back from their maps to the scan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from octcore import preprocess, preprocess_fundus
from octcore.panel import over_the_scan
from octcore.scan import Scan
from octcore.taxonomy import ClassifyTask


@dataclass(frozen=True)
class ClassifierInput:
    """``tensor``: float32 (1, channels, H, W), of which a network may read the first ones only; ``invalid``: bool (h, w),
    where the working picture (the whole scan, perhaps smaller) holds nothing; ``matrix``: float32 (2, 3), from places
    (x, y) of that picture to places of the tensor."""

    tensor: NDArray[np.float32]
    invalid: NDArray[np.bool_]
    matrix: NDArray[np.float32]

    def back(self, activation: NDArray[np.float32]) -> NDArray[np.float32]:
        """A class activation map (h, w) over the whole scan, float32 in [0, 1] (resize it to the scan)."""
        height, width = self.tensor.shape[2:]
        return over_the_scan(activation, self.invalid, self.matrix, (height, width))


def classifier_input(pixels: NDArray[np.uint8], task: ClassifyTask = "oct") -> ClassifierInput:
    """What the networks of ``task`` read of a picture: uint8 (H, W) grey or (H, W, 3) RGB, any size from 32 a side."""
    if task == "fundus":
        colour = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)
        photograph = preprocess_fundus.frame(np.ascontiguousarray(colour))
        tensor = preprocess_fundus.to_tensor(preprocess_fundus.view(photograph)[None])
        return ClassifierInput(tensor, photograph.invalid, preprocess_fundus.placement(photograph))
    framed = preprocess.frame(pixels)
    matrix = preprocess.placement(framed)
    return ClassifierInput(preprocess.to_tensor(preprocess.sample(framed.image, matrix)[None]), framed.invalid, matrix)


def scan_input(scan: Scan, task: ClassifyTask) -> ClassifierInput:
    """`classifier_input` of a scan's picture."""
    return classifier_input(scan.pixels if task == "fundus" else scan.grey, task)
