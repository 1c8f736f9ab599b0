"""The command line: `python -m octcore analyze | evaluate | models` (the contract is in DESIGN.md and README.md)."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from octcore.taxonomy import ClassifyTask

if TYPE_CHECKING:  # the numeric libraries load when there is something to read
    from octcore.scan import Scan

Task = Literal["oct", "fundus", "segment"]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m octcore", description="Reads retinal scans. Not a medical device.")
    commands = parser.add_subparsers(dest="command", required=True)
    analyze = commands.add_parser("analyze", help="classify or segment files")
    analyze.add_argument("files", nargs="+", type=Path, metavar="FILE")
    analyze.add_argument("--task", default="oct", choices=["oct", "fundus", "segment"])
    analyze.add_argument("--model", default="ensemble")
    analyze.add_argument("--out", type=Path, help="folder for the heat map; for segment the masks, the overlay, the table")
    analyze.add_argument("--insist", action="store_true", help="read also what the quality check takes for no scan of a retina")
    analyze.add_argument("--json", action="store_true", help="one JSON object a line and file")
    evaluate = commands.add_parser("evaluate", help="figures on a labelled CSV")
    evaluate.add_argument("--task", default="oct", choices=["oct", "fundus", "segment"])
    evaluate.add_argument("--classes", help="segment: what a mask's values are, as 1=fluid,3=fluid,4=drusen")
    evaluate.add_argument("--manifest", type=Path, required=True)
    evaluate.add_argument("--root", type=Path)
    evaluate.add_argument("--model", default="ensemble")
    evaluate.add_argument("--json", action="store_true", help="JSON only, no progress")
    models = commands.add_parser("models", help="what there is")
    models.add_argument("--json", action="store_true")
    return parser


def _unreadable(file: Path, model: str, task: str, reason: str, digest: str | None) -> dict[str, Any]:
    return {
        "file": str(file),
        "sha256": digest,
        "task": task,
        "modality": "unknown",
        "model": model,
        "readable": False,
        "reason": reason,
        "label": None,
        "probability": None,
        "probabilities": {},
        "uncertainty": None,
        "measurements": {},
        "artifacts": {},
        "milliseconds": None,
    }


def analyze_file(file: Path, model: str, task: Task, out: Path | None, insist: bool = False) -> dict[str, Any]:
    """The contract's object for one file; never raises for a bad file."""
    from octcore.quality import assess
    from octcore.readers import read
    from octcore.scan import ScanError

    started = time.perf_counter()
    digest = None
    try:
        data = file.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        scan = read(data, file.name)
        quality = assess(scan)
        if not insist and quality.kind == "fundus" and task != "fundus":
            raise ScanError("unsupported", "This is a photograph of the fundus: --task fundus reads it (--insist reads it here).")
        if not insist and quality.kind == "oct" and task == "fundus":
            raise ScanError("unsupported", "This is an OCT scan: --task oct reads it (--insist reads it here).")
        if not insist and not quality.accepted:
            raise ScanError("unsupported", "This does not look like a scan of a retina (--insist reads it).")
    except ScanError as error:
        return _unreadable(file, model, task, str(error), digest)
    except OSError as error:
        return _unreadable(file, model, task, f"The file cannot be opened: {error.strerror}.", digest)
    if task == "segment":
        found = _segmented(scan, model, file, digest, out)
    else:
        found = _classified(scan, model, task, file, digest, out)
    return {
        **_unreadable(file, model, task, "", digest),
        "modality": scan.modality,
        "readable": True,
        "reason": None,
        "slices": scan.slices,
        "warnings": [*scan.warnings, *quality.reasons],
        **found,
        "milliseconds": (time.perf_counter() - started) * 1e3,
    }


def _segmented(scan: Scan, model: str, file: Path, digest: str, out: Path | None) -> dict[str, Any]:
    """What a segmentation adds to the contract's object; of a volume every slice is read."""
    from octcore import report
    from octcore.measure import measure
    from octcore.segment import segment

    if scan.slices > 1:
        return _segmented_volume(scan, model, file, digest, out)
    said = segment(scan, model)
    spacing = (scan.spacing_mm.axial, scan.spacing_mm.lateral)
    measurements = measure(said, spacing)
    artifacts = {}
    if out:
        out.mkdir(parents=True, exist_ok=True)
        about = {"file": file.name, "sha256": digest, "model": said.model, "version": said.version}
        for name, ending, content in (
            ("lesions", "lesions.png", report.labels_png(said.lesions)),
            ("masks", "segmentation.npz", report.everything_npz(said.lesions, said.surfaces, spacing)),
            ("overlay", "overlay.png", report.overlay_png(scan.pixels, said.lesions, said.surfaces)),
            ("measurements", "measurements.csv", report.measurements_csv({"original": measurements}, about)),
            ("thickness", "thickness.csv", report.thickness_csv(said.surfaces, spacing)),
        ):
            place = out / f"{file.stem}-{digest[:8]}-{ending}"
            place.write_bytes(content)
            artifacts[name] = str(place)
    return {"model": said.model, "version": said.version, "measurements": measurements, "artifacts": artifacts}


def _segmented_volume(scan: Scan, model: str, file: Path, digest: str, out: Path | None) -> dict[str, Any]:
    from octcore import report
    from octcore.measure_volume import first_slice, measure_volume
    from octcore.volume import segment_volume
    from octcore.volume_files import outlines_npz, thickness_map_csv

    said = segment_volume(scan, model)
    found = measure_volume(said.lesions, said.surfaces, scan.spacing_mm, scan.laterality, first_slice(scan))
    artifacts = {}
    if out:
        out.mkdir(parents=True, exist_ok=True)
        stem = out / f"{file.stem}-{digest[:8]}"
        masks, table = Path(f"{stem}-segmentation.npz"), Path(f"{stem}-measurements.csv")
        masks.write_bytes(outlines_npz(said.lesions, said.surfaces, scan.spacing_mm))
        about = {"file": file.name, "sha256": digest, "model": said.model, "version": said.version}
        table.write_bytes(report.measurements_csv({"original": found.values}, about))
        thickness = Path(f"{stem}-thickness-map.csv")
        thickness.write_bytes(thickness_map_csv(found.thickness, found.unit))
        artifacts = {"masks": str(masks), "measurements": str(table), "thickness_map": str(thickness)}
    return {"model": said.model, "version": said.version, "measurements": found.values, "artifacts": artifacts}


def _classified(scan: Scan, model: str, task: ClassifyTask, file: Path, digest: str, out: Path | None) -> dict[str, Any]:
    """What a classification adds to the contract's object; of a volume every slice is read (`octcore.eye` says how they
    become one result, whose probabilities do not sum to 1)."""
    from octcore.classify import classify

    if scan.slices > 1 and task == "oct":
        from octcore.volume import classify_volume

        said = classify_volume(scan, model)
        return {
            "model": said.model,
            "version": said.version,
            "label": said.eye.label,
            "probability": said.eye.probability,
            "probabilities": said.eye.scores,
            "prediction_set": list(said.eye.prediction_set),
            "worst_slices": list(said.order[:5]),
        }
    result = classify(scan, model, task)
    artifacts = {}
    if out:
        import cv2

        out.mkdir(parents=True, exist_ok=True)
        height, width = scan.pixels.shape[:2]
        place = out / f"{file.stem}-{digest[:8]}-heatmap.png"
        cv2.imwrite(str(place), (cv2.resize(result.heatmap, (width, height)) * 255).astype("uint8"))
        artifacts["heatmap"] = str(place)
    return {
        "model": result.model,
        "version": result.version,
        "label": result.label,
        "probability": result.probability,
        "probabilities": result.probabilities,
        "uncertainty": result.uncertainty,
        "prediction_set": list(result.prediction_set),
        "artifacts": artifacts,
    }


def _analyze(args: argparse.Namespace) -> int:
    readable = 0
    for file in args.files:
        result = analyze_file(file, args.model, args.task, args.out, args.insist)
        readable += result["readable"]
        if args.json:
            print(json.dumps(result), flush=True)
        elif result["readable"] and args.task == "segment":
            said = ", ".join(f"{key} {value:.4g}" for key, value in result["measurements"].items())
            print(f"{file}: {said}")
        elif result["readable"]:
            print(f"{file}: {result['label']} {result['probability']:.1%} (95 % set: {', '.join(result['prediction_set'])})")
        else:
            print(f"{file}: {result['reason']}")
    return 0 if readable else 1


def _evaluate(args: argparse.Namespace) -> int:
    from octcore.evaluate import ManifestError, evaluate
    from octcore.evaluate_segment import class_map, evaluate_segment

    def progress(done: int) -> None:
        if not args.json:
            print(f"\r{done} files", end="", file=sys.stderr, flush=True)

    try:
        if args.task == "segment":
            if not args.classes:
                print("--task segment needs --classes, such as 1=fluid,3=fluid,4=drusen.", file=sys.stderr)
                return 2
            found = evaluate_segment(args.manifest, class_map(args.classes), args.root, args.model, progress)
        else:
            found = evaluate(args.manifest, args.root, args.model, args.task, progress)
        print(json.dumps(found, indent=None if args.json else 2))
    except (ManifestError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _models(args: argparse.Namespace) -> int:
    from octcore.models import catalogue

    for m in catalogue():
        if args.json:
            print(
                json.dumps(
                    {
                        "id": m.id,
                        "version": m.version,
                        "task": m.task,
                        "framework": m.framework,
                        "sha256": m.sha256,
                        "card": m.card,
                    }
                )
            )
        else:
            test = m.card["test"]["overall"]
            figures = (
                f"macro AUC {test['macro_auc']:.3f}, accuracy {test['accuracy']:.3f}"
                if m.task != "segment"
                else ", ".join(f"Dice {k} {v['dice']:.3f}" for k, v in test["per_class"].items() if v["n"])
            )
            seen = f"{test['n']} scans of {test['groups']} patients that it never saw"
            print(f"{m.id} {m.version} ({m.task}, {m.framework}): {figures} on {seen}")
    return 0


def main() -> int:
    """Exit code 0; 1 when nothing could be read; 2 for wrong arguments (an unknown model among them)."""
    from octcore.models import ModelError

    args = _parser().parse_args()
    try:
        return {"analyze": _analyze, "evaluate": _evaluate, "models": _models}[args.command](args)
    except ModelError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
