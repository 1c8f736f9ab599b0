"""The shared data: manifests, splits by patient, prepared images in memory."""

from __future__ import annotations

import csv
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from octcore.preprocess import Frame, frame
from octcore.taxonomy import OCT_LABELS, PARTIAL_LABELS, leaves

REPOSITORY = Path(__file__).resolve().parent.parent


def data_root() -> Path:
    """Where the shared images lie: OCTCORE_DATA, or ../shared/data beside the project."""
    return Path(os.environ.get("OCTCORE_DATA", REPOSITORY.parent / "shared" / "data"))


@dataclass(frozen=True)
class Row:
    """One labelled image. ``allowed``: float32 (classes,), 1 for every class that its label allows."""

    file: Path
    source: str
    label: str
    group: str
    split: str
    allowed: NDArray[np.float32]


def oct_rows(root: Path | None = None) -> list[Row]:
    """The OCT manifest's rows whose label says something about our classes (partial labels included)."""
    folder = (root or data_root()) / "oct_classification"
    rows = []
    with open(folder / "manifest.csv", newline="") as file:
        for line in csv.DictReader(file):
            allowed = leaves(line["label"]) or PARTIAL_LABELS.get(line["label"], ())
            if allowed:
                target = np.array([name in allowed for name in OCT_LABELS], np.float32)
                # The seven little Kermany copies are one source of one device.
                source = line["source"].split("/")[0]
                rows.append(Row(folder / line["file"], source, line["label"], line["group"], line["split"], target))
    return rows


def load_frames(rows: list[Row]) -> list[Frame]:
    """Every row's frame (octcore.preprocess.frame), in order; about 110 kB each."""
    frames = []
    for row in tqdm(rows, desc="reading", unit="image", mininterval=5):
        grey = cv2.imread(str(row.file), cv2.IMREAD_GRAYSCALE)
        if grey is None:
            raise FileNotFoundError(f"{row.file} is missing or is no image")
        frames.append(frame(np.asarray(grey, np.uint8)))
    return frames


def sampling_weights(rows: list[Row]) -> NDArray[np.float64]:
    """Chances of being drawn, sum 1: between equal images and equal (source, label) pairs, so that small classes and
    sources are seen often without being learned by heart."""
    pairs = Counter((row.source, row.label) for row in rows)
    labels = Counter(row.label for row in rows)
    weights = np.array([pairs[row.source, row.label] ** -0.35 * labels[row.label] ** -0.25 for row in rows])
    return np.asarray(weights / weights.sum())
