"""The shared data: manifests, labels, splits by patient."""

from __future__ import annotations

import csv
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from octcore.taxonomy import LABELS, PARTIAL_LABELS, ClassifyTask, leaves

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


FINDINGS: dict[str, tuple[str, ...]] = {
    "diabetic_retinopathy": ("diabetic retinopathy", "proliferative"),
    "glaucoma": ("glaucoma",),
    "cataract": ("cataract",),
    "amd": ("age-related macular",),
    "hypertension": ("hypertensive",),
    "myopia": ("myopia", "myopic"),
}
"""What ODIR's graders write for each of our fundus classes."""


def fundus_findings(label: str, keywords: str) -> tuple[str, ...]:
    """The classes that an ODIR eye may be called: all that its graders found, its label among them."""
    found = {name for name, words in FINDINGS.items() if any(word in keywords for word in words)}
    return tuple(sorted(found | set(leaves(label))))


def training_rows(task: ClassifyTask, root: Path | None = None, unlabelled: bool = False) -> list[Row]:
    """A task's manifest's rows whose label says something about our classes (partial labels included); with ``unlabelled``
    the others too, which allow every class."""
    folder = (root or data_root()) / f"{task}_classification"
    rows = []
    with open(folder / "manifest.csv", newline="") as file:
        for line in csv.DictReader(file):
            allowed = leaves(line["label"]) or PARTIAL_LABELS.get(line["label"], ())
            if line.get("keywords") and line.get("clean") != "1":
                allowed = fundus_findings(line["label"], line["keywords"])
            if unlabelled and not allowed:
                allowed = LABELS[task]
            if allowed:
                target = np.array([name in allowed for name in LABELS[task]], np.float32)
                # The seven little Kermany copies are one source of one device.
                source = line["source"].split("/")[0]
                rows.append(Row(folder / line["file"], source, line["label"], line["group"], line["split"], target))
    return rows


def sampling_weights(rows: list[Row]) -> NDArray[np.float64]:
    """Chances of being drawn, sum 1: between equal images and equal (source, label) pairs, so that small classes and
    sources are seen often without being learned by heart."""
    pairs = Counter((row.source, row.label) for row in rows)
    labels = Counter(row.label for row in rows)
    weights = np.array([pairs[row.source, row.label] ** -0.35 * labels[row.label] ** -0.25 for row in rows])
    return np.asarray(weights / weights.sum())
