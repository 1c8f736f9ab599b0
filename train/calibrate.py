"""Calibrates a task's served classifiers and their ensemble on the validation patients: `python -m train.calibrate --task oct`.

No weight changes. `train.export` does the same after each export.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from octcore.calibrate import conformal_threshold, fit_temperature, fit_weights, pooled, softmax
from octcore.engine import Network
from octcore.models import ENSEMBLE, weights_folder
from octcore.panel import answer
from train.data import training_rows
from train.manifest import read_manifest, write_manifest
from train.tasks import TASKS, Task


def validation(task: Task, limit: int = 0) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The validation patients' views and which classes each label allows; ``limit``: so many of them only."""
    rows = [r for r in training_rows(task.name) if r.split == "val"]
    if limit:
        rows = rows[: len(rows) // limit * limit : len(rows) // limit]
    return task.views(rows), np.stack([r.allowed for r in rows])


def answers(network: Network, inputs: NDArray[np.uint8], task: Task) -> NDArray[np.float32]:
    """A served network's logits (N, C) of a task's views."""
    return np.concatenate([answer(network, task.to_tensor(inputs[k : k + 32]), task.name)[0] for k in range(0, len(inputs), 32)])


def calibrate(manifest: dict[str, Any], task: Task, inputs: NDArray[np.uint8], allowed: NDArray[np.float32]) -> None:
    """Set each classifier's temperature and conformal threshold, and the ensemble's weights, temperature and threshold.

    OCT's classifiers are about equally good and keep equal weights; of photographs' one is far behind.
    """
    thresholds = manifest.setdefault("conformal", {}).setdefault(task.name, {})
    parts: dict[str, NDArray[np.float64]] = {}
    for m in manifest["models"]:
        if m["task"] == task.name:
            logits = answers(Network(weights_folder() / m["file"]), inputs, task)
            m["temperature"] = fit_temperature(logits, allowed)
            parts[m["id"]] = softmax(logits, m["temperature"])
            thresholds[m["id"]] = conformal_threshold(parts[m["id"]], allowed)
    weighted, said = task.name == "fundus", list(parts.values())
    weights = fit_weights(said, allowed) if weighted else [1 / len(said)] * len(said)
    mean = np.average(said, axis=0, weights=weights)
    temperature = fit_temperature(np.log(np.clip(mean, 1e-12, 1)), allowed) if len(said) > 1 else 1.0
    if weighted:
        manifest.setdefault("pool_weights", {})[task.name] = dict(zip(parts, weights, strict=True))
    manifest.setdefault("pooled_temperature", {})[task.name] = temperature
    thresholds[ENSEMBLE] = conformal_threshold(pooled(said, temperature, weights), allowed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task", choices=TASKS, required=True)
    task = TASKS[parser.parse_args().task]
    manifest = read_manifest()
    calibrate(manifest, task, *validation(task))
    write_manifest(manifest)
    print(json.dumps({m["id"]: m["temperature"] for m in manifest["models"] if m["task"] == task.name}))
    print(json.dumps({k: manifest[k].get(task.name) for k in ("conformal", "pooled_temperature", "pool_weights")}))


if __name__ == "__main__":
    main()
