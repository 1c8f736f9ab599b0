"""How much a source's own images matter: `python -m train.leave_one_out octdl tvhl_mexico`.

For each source a network learns from all the others (short: it tells how well what is learned carries to a hospital and a
device that were never seen, not how good the served model is) and is scored on every image of the one left out. The
figures go to weights/LEAVE_ONE_OUT.json, and from there into the cards.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from octcore.calibrate import softmax
from octcore.metrics import Labelled, report
from octcore.models import weights_folder
from octcore.taxonomy import leaves
from train.classify import SMALL, predict
from train.data import training_rows
from train.networks import trained
from train.tasks import TASKS

FILE = "LEAVE_ONE_OUT.json"


def score(run: Path, source: str) -> dict[str, Any]:
    """A run's figures on all images of a source whose classes other sources have, read at the size that it learned at."""
    task = TASKS["oct"]
    everything = training_rows(task.name)
    elsewhere = {name for r in everything if r.source != source for name in leaves(r.label)}
    rows = [r for r in everything if r.source == source and elsewhere & set(leaves(r.label))]
    net, _ = trained(run, len(task.labels), task.channels)
    logits = predict(net, task.views(rows), task, SMALL)
    return report([Labelled(r.label, r.group, r.source) for r in rows], softmax(logits), 300)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sources", nargs="+")
    parser.add_argument("--net", default="efficientnet-lite0")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--limit", type=int, default=0, help="use so many images of each split only (tests)")
    args = parser.parse_args()
    place = weights_folder() / FILE
    figures: dict[str, Any] = json.loads(place.read_text()) if place.exists() else {}
    for source in args.sources:
        run = Path("runs") / f"without-{source}"
        size = ["--epochs", str(args.epochs), "--small-epochs", str(args.epochs), "--limit", str(args.limit)]
        learn = ["train.classify", "--net", args.net, "--without", source, "--out", str(run), "--rate", "1e-3", *size]
        subprocess.run([sys.executable, "-m", *learn], check=True)
        found = score(run, source)
        figures[source] = {
            "command": f"python -m train.leave_one_out {source} --net {args.net} --epochs {args.epochs}",
            **{k: found[k] for k in ("n", "groups", "macro_auc", "macro_auc_ci95", "accuracy")},
            "auc": {name: block["auc"] for name, block in found["per_class"].items()},
        }
        print(source, json.dumps(figures[source]), flush=True)
        place.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
