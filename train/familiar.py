"""Measures how familiar pictures are to a task's classifiers: `python -m train.familiar --task oct`.

Their energies on the validation patients give each network's scale, and the border that 99 in 100 of those pictures reach
(weights/MANIFEST.json). How well the score tells other pictures apart is measured on three kinds that nothing was fitted
on, and written to weights/FAMILIARITY.json for the cards: drawn pictures that are no scan, the other task's validation
scans, and, for B-scans, labels that the classifiers do not know. The quality gate, which stands before the classifiers,
refuses nearly all of the first two.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from octcore import models
from octcore.familiarity import Scale, energy, familiarity
from octcore.inputs import classifier_input
from octcore.metrics import auc
from octcore.panel import answer
from octcore.taxonomy import LABELS, ClassifyTask
from train.data import data_root, training_rows
from train.gate.negatives import drawn
from train.manifest import read_manifest, write_manifest

FILE = "FAMILIARITY.json"
SHARE = 0.01
"""Of the validation patients' pictures that count as unfamiliar."""
DRAWN, SEED = 6, 11
"""Pictures of each kind that are drawn."""
UNKNOWN = ("DR", "RAO")
"""Labels of B-scans that the classifiers do not know."""
LARGEST = 1024

Picture = NDArray[np.uint8]


def pictures(files: Iterable[Path], task: ClassifyTask) -> Iterable[Picture]:
    """Files as a task's networks are given them: grey or RGB."""
    for file in files:
        read = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE if task == "oct" else cv2.IMREAD_COLOR_RGB)
        if read is None:
            raise FileNotFoundError(f"{file} is missing or is no image")
        yield np.asarray(read, np.uint8)


def not_scans(task: ClassifyTask, count: int) -> Iterable[Picture]:
    """Drawn pictures that are no scan, ``count`` of each kind, at most LARGEST pixels a side."""
    for picture in drawn(count, SEED):
        colour = picture.load()
        if colour is not None:
            scale = min(1.0, LARGEST / max(colour.shape[:2]))
            small = np.asarray(cv2.resize(colour, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
            yield small if task == "fundus" else np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)


def unknown_scans() -> list[Path]:
    """B-scans whose label is none of the classes'."""
    folder = data_root() / "oct_classification"
    with open(folder / "manifest.csv", newline="") as file:
        return [folder / line["file"] for line in csv.DictReader(file) if line["label"] in UNKNOWN]


def logits_of(found: Iterable[Picture], task: ClassifyTask, what: str) -> list[NDArray[np.float32]]:
    """Each served classifier's logits (N, C) of the pictures, in the order of `models.members`."""
    networks = [models.network(member) for member in models.members(models.ENSEMBLE, task)]
    said: list[list[NDArray[np.float32]]] = [[] for _ in networks]
    for picture in tqdm(found, desc=what, unit="picture", mininterval=5):
        tensor = classifier_input(picture, task).tensor
        for network, parts in zip(networks, said, strict=True):
            parts.append(answer(network, tensor, task)[0])
    return [np.concatenate(parts) for parts in said]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task", choices=LABELS, required=True)
    parser.add_argument("--limit", type=int, default=0, help="use so many scans of each kind only (tests)")
    args = parser.parse_args()
    task: ClassifyTask = args.task
    other: ClassifyTask = "fundus" if task == "oct" else "oct"

    def some(files: list[Path]) -> list[Path]:
        return files[:: max(1, len(files) // args.limit)] if args.limit else files

    def validation(name: ClassifyTask) -> list[Path]:
        return some([row.file for row in training_rows(name) if row.split == "val"])

    known = logits_of(pictures(validation(task), task), task, "validation")
    strange = {
        "drawn": logits_of(not_scans(task, 1 if args.limit else DRAWN), task, "drawn"),
        other: logits_of(pictures(validation(other)[::4], task), task, other),
    }
    if task == "oct":
        strange["unknown labels"] = logits_of(pictures(some(unknown_scans()), task), task, "unknown labels")

    everyone = models.members(models.ENSEMBLE, task)
    energies = [energy(logits) for logits in known]
    scales = [Scale(float(e.mean()), float(e.std())) for e in energies]
    thresholds: dict[str, float] = {}
    report: dict[str, Any] = {}
    for name in [*(m.id for m in everyone), models.ENSEMBLE]:
        members = [k for k, m in enumerate(everyone) if name in (m.id, models.ENSEMBLE)]
        weights = models.pool_weights(task, name)

        def score(logits: list[NDArray[np.float32]], at: list[int] = members, w: list[float] | None = weights) -> Any:
            return familiarity([logits[k] for k in at], [scales[k] for k in at], w)

        ours = score(known)
        thresholds[name] = float(np.quantile(ours, SHARE))
        report[name] = {"validation": {"n": len(ours), "flagged": float((ours < thresholds[name]).mean())}}
        for kind, logits in strange.items():
            theirs = score(logits)
            ours_first = np.arange(len(ours) + len(theirs)) < len(ours)
            report[name][kind] = {
                "n": len(theirs),
                "auc": auc(ours_first, np.concatenate([ours, theirs])),
                "flagged": float((theirs < thresholds[name]).mean()),
            }
        print(name, json.dumps(report[name]))

    manifest = read_manifest()
    measured = {"scales": {m.id: list(s) for m, s in zip(everyone, scales, strict=True)}, "threshold": thresholds}
    manifest.setdefault("familiarity", {})[task] = measured
    write_manifest(manifest)
    place = models.weights_folder() / FILE
    kept = json.loads(place.read_text()) if place.exists() else {}
    place.write_text(json.dumps(kept | {task: report}, indent=1) + "\n")


if __name__ == "__main__":
    main()
