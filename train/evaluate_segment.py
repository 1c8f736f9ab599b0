"""Writes the segmentation's card: `python -m train.evaluate_segment oct-segmentation --folds runs/seg-fold`.

Three kinds of network are measured. The one of the published comparison learned Duke's subjects 1-5 and is scored on subjects
6-10 (ReLayNet's protocol, Roy et al. 2017), against rater 1, beside what rater 2 reaches; its weights lie beside the served
ones. Five of the cross-validation each leave out two subjects, so that every scan is read by one that does not know its
subject. The served one learned all ten, so its own figures are those on the Kermany patients of the test split only.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import matplotlib

matplotlib.use("Agg")
import cv2
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from octcore.engine import Network
from octcore.evaluate_segment import Counts
from octcore.models import weights_folder
from octcore.segment import fluid_in, layers_of, outline
from octcore.taxonomy import LAYER_COLOURS, LAYERS, LESION_COLOURS, LESIONS, SURFACES
from train.export_segment import PROTOCOL, to_onnx, trained
from train.figures import curves_figure, save
from train.provenance import command, commit
from train.segment import PROTOCOLS
from train.segmentation_data import ANY_FLUID, Annotated, duke, kermany_lesions

AXIAL_UM = 3.87
"""Duke's axial spacing, micrometres a pixel (Chiu et al. 2015)."""

LIMITS = [
    "Layers and diabetic fluid were learned from ten patients of one clinic and one device (Spectralis), lesions from 96 more "
    "of that device; other devices were looked at, not measured.",
    "The lesion polygons are coarse, and their graders missed faint cysts now and then.",
    "Fluid beneath the pigment epithelium (PED) is not outlined: no data name it.",
    "Layers are those of a retina that has them all; at a macular hole, an atrophy or the disc the surfaces are guesses.",
    "No spacing is invented: areas are in pixels until the file or the reader gives one.",
]

Outline = tuple[NDArray[np.uint8], NDArray[np.float32]]


def layer_figures(scans: list[Annotated], said: Callable[[Annotated], NDArray[np.float32]], rater: int = 0) -> dict[str, Any]:
    """Dice and IoU a layer, and each surface's mean unsigned distance in um, of ``said`` surfaces (8, W) against a rater's,
    in the columns that both raters annotated."""
    counts: dict[str, Counts] = defaultdict(Counts)
    away: dict[str, list[NDArray[np.float32]]] = defaultdict(list)
    for scan in scans:
        both: NDArray[np.bool_] = np.asarray(~np.isnan(scan.surfaces).any(axis=(0, 1)))
        both[: scan.columns[0]] = False
        both[scan.columns[1] :] = False
        guess, truth = said(scan), scan.surfaces[rater]
        height = scan.grey.shape[0]
        guessed, true = layers_of(guess, height), layers_of(truth, height)
        for k, name in enumerate(LAYERS):
            counts[name].add((guessed == k + 1) & both, (true == k + 1) & both, scan.group)
        for k, name in enumerate(SURFACES):
            away[name].append(np.abs(guess[k] - truth[k])[both])
    per_layer = {name: counts[name].report(1000) for name in LAYERS}
    error = {name: float(np.nanmean(np.concatenate(away[name]))) * AXIAL_UM for name in SURFACES}
    return {
        "images": len(scans),
        "mean_dice": float(np.mean([p["dice"] for p in per_layer.values()])),
        "mean_surface_error_um": float(np.mean(list(error.values()))),
        "per_class": per_layer,
        "surface_error_um": error,
    }


def fluid_figures(scans: list[Annotated], outlines: dict[str, Outline]) -> dict[str, Any]:
    """Fluid of either kind against Duke's rater 1, inside the annotated columns."""
    counts = Counts()
    for scan in scans:
        inside = np.zeros(scan.lesions.shape, bool)
        inside[:, scan.columns[0] : scan.columns[1]] = True
        counts.add(fluid_in(outlines[scan.name][0]) & inside, (scan.lesions == ANY_FLUID) & inside, scan.group)
    return counts.report(1000)


def lesion_figures(scans: list[Annotated], outlines: dict[str, Outline]) -> dict[str, Any]:
    """Every lesion, and fluid of either kind, against the Kermany polygons."""
    counts: dict[str, Counts] = defaultdict(Counts)
    for scan in scans:
        said = outlines[scan.name][0]
        for k, name in enumerate(LESIONS):
            counts[name].add(said == k + 1, scan.lesions == k + 1, scan.group)
        counts["fluid"].add(fluid_in(said), fluid_in(scan.lesions), scan.group)
    per_class = {name: counts[name].report(1000) for name in ("fluid", *LESIONS)}
    return {
        "n": len(scans),
        "groups": len({s.group for s in scans}),
        "mean_dice": float(np.mean([p["dice"] for p in per_class.values() if p["n"]])),
        "per_class": per_class,
    }


def examples_figure(scans: list[Annotated], outlines: dict[str, Outline]) -> Figure:
    """Scans of the test split with the model's outline (left) and the graders' (right)."""
    figure, axes = plt.subplots(len(scans), 2, figsize=(9, 2.2 * len(scans)), squeeze=False)
    for row, scan in zip(axes, scans, strict=True):
        marks, surfaces = outlines[scan.name]
        theirs = scan.surfaces[0] if len(scan.surfaces) else np.zeros((0, scan.grey.shape[1]))
        truth = np.where(scan.lesions == ANY_FLUID, 1, np.where(scan.lesions > len(LESIONS), 0, scan.lesions))
        pairs = (("model", marks, surfaces), ("graders", truth, theirs))
        for axis, (title, mask, lines) in zip(row, pairs, strict=True):
            picture = cv2.cvtColor(scan.grey, cv2.COLOR_GRAY2RGB)
            for k, name in enumerate(LESIONS):
                colour = np.array([int(LESION_COLOURS[name][i : i + 2], 16) for i in (1, 3, 5)])
                picture[mask == k + 1] = (0.5 * picture[mask == k + 1] + 0.5 * colour).astype(np.uint8)
            axis.imshow(picture, aspect="auto")
            for line, ink in zip(lines, ["#ffffff", *LAYER_COLOURS.values()], strict=False):
                axis.plot(line, color=ink, lw=0.7)
            axis.set(title=f"{scan.name}: {title}", xticks=[], yticks=[])
            axis.title.set_fontsize(8)
    return figure


def tell(what: str, figures: dict[str, Any]) -> None:
    """Print Dice and the number of images of each class."""
    print(what, {k: (v["n"], v["dice"] and round(v["dice"], 3)) for k, v in figures["per_class"].items()})


def network_of(run: Path) -> Network:
    """A run's best network as it would be served."""
    with TemporaryDirectory() as folder:
        to_onnx(trained(run), Path(folder) / "model.onnx")
        return Network(Path(folder) / "model.onnx")


def cross_validated(folds: str, scans: list[Annotated]) -> dict[str, Any]:
    """Duke's ``scans``, each read by the network of the runs ``folds``-1 to ``folds``-5 that did not learn its subject."""
    outlines: dict[str, Outline] = {}
    for name, aside in PROTOCOLS.items():
        if name.startswith("fold-"):
            network = network_of(Path(f"{folds}{name.removeprefix('fold')}"))
            outlines |= {s.name: outline(s.grey, network) for s in scans if s.group in {f"duke-{n}" for n in aside}}
    return {
        "learned": "five times eight subjects of Duke; scored on the two others, rater 1",
        "layers": layer_figures(scans, lambda s: outlines[s.name][1]),
        "fluid": fluid_figures(scans, outlines),
        "rater_2": layer_figures(scans, lambda s: s.surfaces[1]),
    }


def tell_duke(what: str, block: dict[str, Any]) -> None:
    """Print what was measured on Duke's scans, the second rater's figures beside ours."""
    for name, figures in (("ours", block["layers"]), ("rater 2", block["rater_2"])):
        print(f"{what}: layers, {name}: mean Dice {figures['mean_dice']:.4f}, error {figures['mean_surface_error_um']:.2f} um")
        print("  Dice", {k: round(v["dice"], 3) for k, v in figures["per_class"].items()})
        print("  um", {k: round(v, 2) for k, v in figures["surface_error_um"].items()})
    print(f"{what}: fluid:", {k: v for k, v in block["fluid"].items() if k != "n"})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--protocol-run", type=Path, help="default: the weights that are kept beside the model's")
    parser.add_argument("--folds", help="the cross-validation's runs without their numbers; left out, the card keeps its figures")
    parser.add_argument("--limit", type=int, default=0, help="so many scans of each kind only (tests)")
    parser.add_argument("--dry", action="store_true", help="print the protocol's figures, write nothing")
    args = parser.parse_args()
    folder = weights_folder() / args.model

    scans = duke()
    test = [s for s in scans if s.split == "test"]
    lesions = [s for s in kermany_lesions() if s.split == "test"]
    if args.limit:
        test = test[:: len(test) // args.limit][: args.limit]
        lesions = lesions[:: len(lesions) // args.limit][: args.limit]
        scans = scans[:: len(scans) // args.limit]
    network = network_of(args.protocol_run or folder / PROTOCOL)
    outlines = {s.name: outline(s.grey, network) for s in test}
    protocol: dict[str, Any] = {
        "learned": "Duke subjects 1-5, and Kermany's polygons beside; scored on 6-10, rater 1",
        "layers": layer_figures(test, lambda s: outlines[s.name][1]),
        "fluid": fluid_figures(test, outlines),
        "rater_2": layer_figures(test, lambda s: s.surfaces[1]),
        "against_rater_2": layer_figures(test, lambda s: outlines[s.name][1], rater=1),
        "kermany_lesions": lesion_figures(lesions, {s.name: outline(s.grey, network) for s in lesions}),
    }
    tell_duke("protocol", protocol)
    tell("kermany, protocol's network", protocol["kermany_lesions"])
    former = json.loads((folder / "card.json").read_text()) if (folder / "card.json").exists() else {}
    folds: dict[str, Any] = former.get("cross_validation", {})
    if args.folds:
        folds = cross_validated(args.folds, scans)
        tell_duke("cross-validation", folds)
    if args.dry:
        return

    served = Network(folder / "model.onnx")
    found = {s.name: outline(s.grey, served) for s in lesions}
    overall = lesion_figures(lesions, found)
    tell("kermany, served network", overall)
    entry = next(m for m in json.loads((weights_folder() / "MANIFEST.json").read_text())["models"] if m["id"] == args.model)
    history = json.loads((folder / "history.json").read_text())
    shown = [s for s in test if s.name in outlines][:: max(1, len(test) // 3)][:3] + lesions[:: max(1, len(lesions) // 4)][:4]
    save(examples_figure(shown, outlines | found), folder / "examples.png")
    save(curves_figure(history), folder / "training.png")
    card = {
        "id": args.model,
        "version": entry["version"],
        "framework": entry["framework"],
        "summary": "Outlines fluid, drusen and subretinal material and the seven layers of a macular B-scan.",
        "data": {
            "duke_dme": {"served": 110, "protocol": 55, "patients": 10, "licence": "see Chiu et al. 2015"},
            "kermany_lesions": {s: sum(x.split == s for x in kermany_lesions()) for s in ("train", "val", "test")},
        },
        "test": {"overall": overall},
        "protocol": protocol,
        "cross_validation": folds,
        "limits": LIMITS,
        "history": history,
        "figures": ["examples.png", "training.png"],
        "commit": commit(),
        "command": command("train.evaluate_segment"),
    }
    (folder / "card.json").write_text(json.dumps(card, indent=1) + "\n")


if __name__ == "__main__":
    main()
