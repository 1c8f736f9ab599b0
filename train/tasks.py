"""What differs between training on B-scans and on photographs; everything else is shared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from octcore import preprocess, preprocess_fundus
from octcore.taxonomy import LABELS, ClassifyTask
from train.augment import augmented
from train.augment_fundus import augmented_photograph
from train.data import Row

View = NDArray[np.uint8]


def _grey(file: Path) -> preprocess.Frame:
    picture = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
    if picture is None:
        raise FileNotFoundError(f"{file} is missing or is no image")
    return preprocess.frame(np.asarray(picture, np.uint8))


def _colour(file: Path) -> preprocess_fundus.Photograph:
    picture = cv2.imread(str(file), cv2.IMREAD_COLOR_RGB)
    if picture is None:
        raise FileNotFoundError(f"{file} is missing or is no image")
    # Thousands of them are held in memory; the mask is for heat maps only.
    return replace(preprocess_fundus.frame(np.asarray(picture, np.uint8)), invalid=np.zeros((0, 0), bool))


@dataclass(frozen=True)
class Task:
    """A classification task. ``read``: a file to its frame; ``plain``: a frame as it is served, uint8 (H, W) or
    (H, W, 6); ``augmented``: one random view of it; ``to_tensor``: many views as the network reads them."""

    name: ClassifyTask
    channels: int
    """What a network of `train.classify` reads: the first ones."""
    size: tuple[int, int]
    read: Callable[[Path], Any]
    plain: Callable[[Any], View]
    augmented: Callable[[Any, np.random.Generator], View]
    to_tensor: Callable[[View], NDArray[np.float32]]

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes."""
        return LABELS[self.name]

    def frames(self, rows: list[Row]) -> list[Any]:
        """Every row's frame, in order. Raises FileNotFoundError."""
        return [self.read(row.file) for row in tqdm(rows, desc="reading", unit="image", mininterval=5)]

    def views(self, rows: list[Row]) -> View:
        """Every row as it is served, uint8 (N, H, W) or (N, H, W, 6)."""
        return np.stack([self.plain(self.read(row.file)) for row in tqdm(rows, desc="reading", unit="image", mininterval=5)])


TASKS: dict[str, Task] = {
    "oct": Task(
        "oct",
        1,
        preprocess.INPUT_SIZE,
        _grey,
        lambda f: preprocess.sample(f.image, preprocess.placement(f)),
        augmented,
        preprocess.to_tensor,
    ),
    "fundus": Task(
        "fundus",
        3,
        preprocess_fundus.INPUT_SIZE,
        _colour,
        preprocess_fundus.view,
        augmented_photograph,
        preprocess_fundus.to_tensor,
    ),
}
