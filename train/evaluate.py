"""Writes a model's card and figures: `python -m train.evaluate oct-efficientnet-lite0`.

Everything in a card is computed here, on the `test` split (patients that no weight, epoch, temperature or threshold
was chosen on); calibration before and after is on `test` too.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from octcore import models
from octcore.calibrate import allowed_probability, expected_calibration_error
from octcore.evaluate import inputs_of, labelled_rows, summary
from octcore.metrics import Labelled, is_right, predictions, report
from octcore.panel import Panel
from octcore.taxonomy import LABELS, ClassifyTask, leaves
from train.data import data_root, training_rows
from train.familiar import FILE as FAMILIARITY
from train.figures import confusion_figure, curves_figure, reliability_figure, roc_figure, save
from train.leave_one_out import FILE as LEAVE_ONE_OUT
from train.limits import LIMITS
from train.provenance import command, commit

AGES = {"under 40": 40.0, "40 to 54": 55.0, "55 to 69": 70.0, "70 and over": 200.0}
"""Bands and where each ends, in years."""
SUMMARY = {
    "oct": "Classifies a macular OCT B-scan. Trained and tested by patient.",
    "fundus": "Classifies a colour fundus photograph. Trained and tested by patient.",
}


def test_rows(task: ClassifyTask) -> tuple[list[Path], list[Labelled], dict[str, int]]:
    """The test split of a task's shared data: files, labels, what was skipped. Copies of one study are one source."""
    files, rows, skipped = labelled_rows(data_root() / f"{task}_classification" / "manifest.csv", task, split="test")
    return files, [replace(r, source=r.source.split("/")[0]) for r in rows], skipped


def training_data(task: ClassifyTask) -> dict[str, Any]:
    """Images and patients of each split and source that are used, and the licences, as the manifest says."""
    rows = training_rows(task)
    with open(data_root() / f"{task}_classification" / "manifest.csv", newline="") as file:
        licences = sorted({line["licence"] for line in csv.DictReader(file)})
    return {
        "splits": {
            s: {"images": sum(r.split == s for r in rows), "patients": len({r.group for r in rows if r.split == s})}
            for s in ("train", "val", "test")
        },
        "sources": dict(Counter(r.source for r in rows)),
        "licences": licences,
    }


def subgroups(
    files: list[Path], rows: list[Labelled], probabilities: NDArray[np.float64], task: ClassifyTask
) -> dict[str, dict[str, Any]]:
    """The figures by age band and by sex where the manifest tells them (ODIR does); few patients make wide intervals."""
    folder = data_root() / f"{task}_classification"
    with open(folder / "manifest.csv", newline="") as file:
        told = {folder / line["file"]: (line.get("age") or "", line.get("sex") or "") for line in csv.DictReader(file)}
    bands: dict[str, dict[str, list[int]]] = {"age": {}, "sex": {}}
    for k, file_ in enumerate(files):
        age, sex = told[file_]
        if age and sex:
            band = next(name for name, until in AGES.items() if float(age) < until)
            bands["age"].setdefault(band, []).append(k)
            bands["sex"].setdefault(sex.lower(), []).append(k)
    out: dict[str, dict[str, Any]] = {}
    for kind, parts in bands.items():
        for name, here in sorted(parts.items()):
            found = report([rows[k] for k in here], probabilities[here], 300)
            kept = {key: found[key] for key in ("n", "groups", "macro_auc", "macro_auc_ci95", "accuracy", "ece")}
            kept["auc"] = {label: block["auc"] for label, block in found["per_class"].items()}
            out.setdefault(kind, {})[name] = kept
    return out


def unfamiliar(task: ClassifyTask, model: str) -> dict[str, Any]:
    """What `train.familiar` found of that model, nothing before it ran."""
    place = models.weights_folder() / FAMILIARITY
    found: dict[str, Any] = json.loads(place.read_text()).get(task, {}).get(model, {}) if place.exists() else {}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--task", choices=LABELS, help="which ensemble (a model's own name says it)")
    parser.add_argument("--limit", type=int, default=0, help="use so many images only (tests)")
    args = parser.parse_args()
    manifest = json.loads((models.weights_folder() / "MANIFEST.json").read_text())
    task: ClassifyTask = args.task or next(m["task"] for m in manifest["models"] if m["id"] == args.model)
    everyone = [m for m in manifest["models"] if m["task"] == task]
    members = everyone if args.model == models.ENSEMBLE else [m for m in everyone if m["id"] == args.model]
    folder = models.weights_folder() / (models.ensemble_folder(task) if args.model == models.ENSEMBLE else args.model)
    folder.mkdir(exist_ok=True)
    panel = Panel(args.model, task)

    files, rows, skipped = test_rows(task)
    if args.limit:
        some = slice(0, len(rows) // args.limit * args.limit, len(rows) // args.limit)
        files, rows = files[some], rows[some]
    kept = []
    plain_parts, parts, familiar = [], [], []
    for indices, tensor in inputs_of(files, task):
        kept += indices
        plain_parts.append(panel.uncalibrated(tensor))
        reading = panel.read(tensor)
        parts.append(reading.probabilities)
        familiar.append(reading.familiar)
    rows, files = [rows[k] for k in kept], [files[k] for k in kept]
    plain, probabilities = np.concatenate(plain_parts), np.concatenate(parts)
    figures = summary(rows, probabilities, skipped, args.model, task)

    def ece(p: NDArray[np.float64]) -> float:
        guessed, confidence = predictions(rows, p)
        full = np.array([not r.label.startswith("not_") for r in rows])
        right = np.array([is_right(r.label, g) for g, r in zip(guessed, rows, strict=True)])
        return expected_calibration_error(confidence[full], right[full])

    full = np.array([not r.label.startswith("not_") for r in rows])
    said = probabilities[full]
    allowed = np.array([[name in leaves(r.label) for name in LABELS[task]] for r in rows], np.float32)[full]
    threshold = manifest["conformal"][task][args.model]
    best = np.where(allowed > 0.5, said, 0).max(axis=1)
    sizes = np.maximum((said >= threshold).sum(axis=1), 1)
    covered = (best >= threshold) | (best == said.max(axis=1))

    history_file, apart = folder / "history.json", models.weights_folder() / LEAVE_ONE_OUT
    history = json.loads(history_file.read_text()) if history_file.exists() else []
    guessed, confidence = predictions(rows, probabilities)
    right = np.array([is_right(r.label, g) for g, r in zip(guessed, rows, strict=True)])
    drawn = {
        "roc": roc_figure(rows, probabilities, figures["overall"]["per_class"]),
        "confusion": confusion_figure(figures["overall"]["confusion"]),
        "reliability": reliability_figure(confidence[full], right[full]),
    }
    if history:
        drawn["training"] = curves_figure(history)
    for name, figure in drawn.items():
        save(figure, folder / f"{name}.png")
    card = {
        "id": args.model,
        "version": " + ".join(sorted({m["version"] for m in members})),
        "framework": " + ".join(sorted({m["framework"] for m in members})),
        "members": [m["id"] for m in members],
        "summary": SUMMARY[task],
        "data": training_data(task),
        "test": figures,
        "calibration": {
            "temperatures": {m["id"]: m["temperature"] for m in members},
            "pooled_temperature": models.pooled_temperature(task, args.model),
            "ece_before": ece(plain),
            "ece_after": ece(probabilities),
            "conformal_threshold": threshold,
            "test_coverage": float(covered.mean()),
            "test_mean_set_size": float(sizes.mean()),
            "mean_p_of_label": float(allowed_probability(said, allowed).mean()),
        },
        "subgroups": subgroups(files, rows, probabilities, task) if task == "fundus" else {},
        "unfamiliar": unfamiliar(task, args.model) | {"test_flagged": float(1 - np.concatenate(familiar).mean())},
        "leave_one_out": json.loads(apart.read_text()) if task == "oct" and apart.exists() else {},
        "limits": LIMITS[task],
        "history": history,
        "figures": [f"{name}.png" for name in drawn],
        "commit": commit(),
        "command": command("train.evaluate"),
    }
    (folder / "card.json").write_text(json.dumps(card, indent=1) + "\n")
    overall = figures["overall"]
    print(
        json.dumps(
            {k: overall[k] for k in ("n", "groups", "macro_auc", "macro_auc_ci95", "accuracy", "balanced_accuracy", "ece")},
            indent=1,
        )
    )
    print(json.dumps(card["calibration"], indent=1))
    for source, block in figures["sources"].items():
        print(source, block["n"], "macro AUC", block["macro_auc"], "accuracy", block["accuracy"])


if __name__ == "__main__":
    main()
