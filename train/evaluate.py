"""Writes a model's card and figures: `python -m train.evaluate oct-efficientnet-lite0`.

Everything in a card is computed here, on the `test` split (patients that no weight, epoch, temperature or threshold
was chosen on); calibration before and after is on `test` too.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from octcore import models
from octcore.calibrate import allowed_probability, expected_calibration_error, pooled, softmax
from octcore.engine import Network
from octcore.evaluate import inputs_of, labelled_rows, summary
from octcore.metrics import Labelled, is_right, predictions
from octcore.taxonomy import OCT_LABELS, PARTIAL_LABELS, leaves
from train.data import data_root
from train.figures import confusion_figure, curves_figure, reliability_figure, roc_figure, save
from train.leave_one_out import FILE as LEAVE_ONE_OUT

LIMITS = [
    "Learned from adults' macular scans of six public collections; children, other regions and other devices were not tested.",
    "VID, ERM and RVO come from one hospital and one device (OCTDL, Optovue); macular holes almost all from another "
    "(Cirrus-like): device and disease cannot be told apart fully there.",
    "Kermany's files do not tell left from right eyes or age; 6 % of its patients occur under two labels.",
    "One label a scan: two diseases at once are not both reported.",
]


def test_rows() -> tuple[list[Path], list[Labelled], dict[str, int]]:
    """The test split of the shared OCT data: files, labels, what was skipped. Copies of one study are one source."""
    files, rows, skipped = labelled_rows(data_root() / "oct_classification" / "manifest.csv", split="test")
    return files, [replace(r, source=r.source.split("/")[0]) for r in rows], skipped


def training_data() -> dict[str, Any]:
    """Images and patients of each split and source that are used, and the licences, as the manifest says."""
    with open(data_root() / "oct_classification" / "manifest.csv", newline="") as file:
        lines = [x for x in csv.DictReader(file) if leaves(x["label"]) or x["label"] in PARTIAL_LABELS]
    return {
        "splits": {
            s: {"images": sum(x["split"] == s for x in lines), "patients": len({x["group"] for x in lines if x["split"] == s})}
            for s in ("train", "val", "test")
        },
        "sources": dict(Counter(x["source"].split("/")[0] for x in lines)),
        "licences": sorted({x["licence"] for x in lines}),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--limit", type=int, default=0, help="use so many images only (tests)")
    args = parser.parse_args()
    manifest = json.loads((models.weights_folder() / "MANIFEST.json").read_text())
    everyone = [m for m in manifest["models"] if m["task"] == "oct"]
    members = everyone if args.model == models.ENSEMBLE else [m for m in everyone if m["id"] == args.model]
    folder = models.weights_folder() / args.model
    folder.mkdir(exist_ok=True)
    networks = [Network(models.weights_folder() / m["file"]) for m in members]

    files, rows, skipped = test_rows()
    if args.limit:
        some = slice(0, len(rows) // args.limit * args.limit, len(rows) // args.limit)
        files, rows = files[some], rows[some]
    kept = []
    plain_parts, parts = [], []
    for indices, tensor in inputs_of(files):
        kept += indices
        logits = [network.run(tensor)[0] for network in networks]
        plain_parts.append(np.mean([softmax(x) for x in logits], axis=0))
        said = [softmax(x, m["temperature"]) for x, m in zip(logits, members, strict=True)]
        parts.append(pooled(said, models.pooled_temperature("oct", args.model)))
    rows = [rows[k] for k in kept]
    plain, probabilities = np.concatenate(plain_parts), np.concatenate(parts)
    figures = summary(rows, probabilities, skipped, args.model)

    def ece(p: NDArray[np.float64]) -> float:
        guessed, confidence = predictions(rows, p)
        right = np.array([is_right(r.label, g) for g, r in zip(guessed, rows, strict=True)])
        return expected_calibration_error(confidence, right)

    allowed = np.array([[name in leaves(r.label) for name in OCT_LABELS] for r in rows], np.float32)
    threshold = manifest["conformal"]["oct"][args.model]
    best = np.where(allowed > 0.5, probabilities, 0).max(axis=1)
    sizes = np.maximum((probabilities >= threshold).sum(axis=1), 1)
    covered = (best >= threshold) | (best == probabilities.max(axis=1))

    history_file, apart = folder / "history.json", models.weights_folder() / LEAVE_ONE_OUT
    history = json.loads(history_file.read_text()) if history_file.exists() else []
    guessed, confidence = predictions(rows, probabilities)
    right = np.array([is_right(r.label, g) for g, r in zip(guessed, rows, strict=True)])
    drawn = {
        "roc": roc_figure(rows, probabilities, figures["overall"]["per_class"]),
        "confusion": confusion_figure(figures["overall"]["confusion"]),
        "reliability": reliability_figure(confidence, right),
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
        "summary": "Classifies a macular OCT B-scan. Trained and tested by patient.",
        "data": training_data(),
        "test": figures,
        "calibration": {
            "temperatures": {m["id"]: m["temperature"] for m in members},
            "pooled_temperature": models.pooled_temperature("oct", args.model),
            "ece_before": ece(plain),
            "ece_after": ece(probabilities),
            "conformal_threshold": threshold,
            "test_coverage": float(covered.mean()),
            "test_mean_set_size": float(sizes.mean()),
            "mean_p_of_label": float(allowed_probability(probabilities, allowed).mean()),
        },
        "leave_one_out": json.loads(apart.read_text()) if apart.exists() else {},
        "limits": LIMITS,
        "history": history,
        "figures": [f"{name}.png" for name in drawn],
        "commit": subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
        ).stdout.strip(),
        "command": "python -m train.evaluate " + " ".join(sys.argv[1:]),
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
