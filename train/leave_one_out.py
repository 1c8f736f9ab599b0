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

import numpy as np
import torch
import torch.nn.functional as F

from octcore.calibrate import softmax
from octcore.metrics import Labelled, report
from octcore.models import weights_folder
from octcore.preprocess import placement, sample, to_tensor
from octcore.taxonomy import OCT_LABELS, leaves
from train.data import load_frames, oct_rows
from train.networks import laid_out, trained

FILE = "LEAVE_ONE_OUT.json"


def score(run: Path, source: str) -> dict[str, Any]:
    """A run's figures on all images of a source whose classes other sources have, read at the size that it learned at."""
    everything = oct_rows()
    elsewhere = {name for r in everything if r.source != source for name in leaves(r.label)}
    rows = [r for r in everything if r.source == source and elsewhere & set(leaves(r.label))]
    net, _ = trained(run, len(OCT_LABELS))
    logits = []
    for start in range(0, len(rows), 64):
        inputs = np.stack([sample(f.image, placement(f)) for f in load_frames(rows[start : start + 64])])
        x = F.interpolate(torch.from_numpy(to_tensor(inputs)), scale_factor=0.7, mode="bilinear", antialias=True)
        with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
            logits.append(net(laid_out(net, x))[0].float().numpy())
    return report([Labelled(r.label, r.group, r.source) for r in rows], softmax(np.concatenate(logits)), 300)


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
        learn = ["train.oct", "--net", args.net, "--without", source, "--out", str(run), "--rate", "1e-3", *size]
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
