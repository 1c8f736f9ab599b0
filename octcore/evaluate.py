"""Runs a classifier over a labelled CSV and reports its figures (DESIGN.md, ``evaluate``)."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from octcore import models
from octcore.eye import eye_of
from octcore.inputs import scan_input
from octcore.metrics import Labelled, knows, report
from octcore.panel import Panel
from octcore.readers import read
from octcore.scan import ScanError
from octcore.taxonomy import LABELS, ClassifyTask
from octcore.volume import scanned

BATCH = 32


class ManifestError(ValueError):
    """A manifest that cannot be evaluated; the text says why."""


def labelled_rows(
    manifest: Path, task: ClassifyTask, root: Path | None = None, split: str | None = None
) -> tuple[list[Path], list[Labelled], dict[str, int]]:
    """Files, labels and what was skipped (label to count) of a CSV with ``file``, ``label`` and perhaps ``group``,
    ``source``, of one ``split`` only where asked. Where no group is given, each file is a patient of its own.
    Raises `ManifestError`."""
    folder = root or manifest.parent
    files, rows, skipped = [], [], Counter[str]()
    with open(manifest, newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        if not {"file", "label"} <= set(reader.fieldnames or ()):
            raise ManifestError(f"{manifest} needs the columns 'file' and 'label'.")
        for line in reader:
            if split and line.get("split") != split:
                continue
            if not knows(line["label"], task):
                skipped[line["label"]] += 1
                continue
            files.append(folder / line["file"])
            rows.append(Labelled(line["label"], line.get("group") or line["file"], line.get("source") or "all"))
    return files, rows, dict(skipped)


def inputs_of(
    files: list[Path], task: ClassifyTask, progress: Callable[[int], None] = lambda done: None
) -> Iterator[tuple[list[int], NDArray[np.float32]]]:
    """Batches of network inputs (indices, float32 (N, channels, H, W)); files that no reader takes are left out. The index of
    a volume stands once for each of its B-scans in which something was scanned, one after the other."""

    def prepared(k: int) -> tuple[list[int], NDArray[np.float32]] | None:
        try:
            scan = read(files[k].read_bytes(), files[k].name)
        except (ScanError, OSError):
            return None
        if scan.volume is None:
            return [k], scan_input(scan, task).tensor
        tensors = [scan_input(scan.at(n), task).tensor for n in scanned(scan.volume)]
        return [k] * len(tensors), np.concatenate(tensors)

    with ThreadPoolExecutor(2) as pool:
        for start in range(0, len(files), BATCH):
            found = [p for p in pool.map(prepared, range(start, min(start + BATCH, len(files)))) if p]
            if found:
                yield [k for indices, _ in found for k in indices], np.concatenate([x for _, x in found])
            progress(min(start + BATCH, len(files)))


def probabilities_of(
    files: list[Path], model: str, task: ClassifyTask, progress: Callable[[int], None] = lambda done: None
) -> tuple[list[int], NDArray[np.float64]]:
    """Calibrated probabilities (N, C) of every readable file, with the files' indices. Of a volume: the eye's scores
    (`octcore.eye.eye_of`), over their sum."""
    panel = Panel(model, task)
    kept: list[int] = []
    parts: list[NDArray[np.float64]] = []
    for indices, tensor in inputs_of(files, task, progress):
        said = panel.read(tensor).probabilities
        for k in dict.fromkeys(indices):
            here = said[np.array(indices) == k]
            kept.append(k)
            parts.append(here[0] if len(here) == 1 else _of_the_eye(here, model))
    if not parts:
        raise ManifestError("Not one file of the manifest could be read.")
    return kept, np.stack(parts)


def _of_the_eye(slices: NDArray[np.float64], model: str) -> NDArray[np.float64]:
    scores = eye_of(slices, models.conformal("oct", model)).scores
    said = np.array([scores[name] for name in LABELS["oct"]])
    return np.asarray(said / said.sum())


def evaluate(
    manifest: Path,
    root: Path | None = None,
    model: str = models.ENSEMBLE,
    task: ClassifyTask = "oct",
    progress: Callable[[int], None] = lambda done: None,
    resamples: int = 1000,
) -> dict[str, Any]:
    """The contract's object for a manifest. Raises `ManifestError` and `models.ModelError`."""
    files, rows, skipped = labelled_rows(manifest, task, root)
    if not rows:
        raise ManifestError("The manifest has no row with a label that the model knows.")
    kept, probabilities = probabilities_of(files, model, task, progress)
    if len(kept) < len(rows):
        skipped["(unreadable)"] = len(rows) - len(kept)
    return summary([rows[k] for k in kept], probabilities, skipped, model, task, resamples)


def summary(
    rows: list[Labelled],
    probabilities: NDArray[np.float64],
    skipped: dict[str, int],
    model: str,
    task: ClassifyTask,
    resamples: int = 1000,
) -> dict[str, Any]:
    """The contract's object for rows and their probabilities: overall, and by source."""
    sources = {}
    for source in sorted({r.source for r in rows}):
        here = [k for k, r in enumerate(rows) if r.source == source]
        sources[source] = report([rows[k] for k in here], probabilities[here], resamples)
    return {
        "task": task,
        "model": model,
        "n": len(rows),
        "skipped": skipped,
        "overall": report(rows, probabilities, resamples),
        "sources": sources,
    }
