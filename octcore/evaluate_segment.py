"""Compares segmentations with the masks of a CSV (DESIGN.md, ``evaluate --task segment``): Dice, IoU, intervals by patient."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from octcore import models
from octcore.evaluate import ManifestError
from octcore.readers import read
from octcore.scan import ScanError
from octcore.segment import Segmentation, segment
from octcore.taxonomy import LAYERS, LESIONS

NOT_SCORED = 255
_BY_NAME = {name.lower(): name for name in (*LESIONS, *LAYERS)} | {"fluid": "fluid", "cyst": "IRF", "cysts": "IRF"}
CLASS_NAMES = tuple(sorted(_BY_NAME))
"""What `--classes` may call a mask's values: lesions, layers, and ``fluid`` for intraretinal and subretinal together."""


def class_map(text: str) -> dict[int, str]:
    """``1=fluid,3=fluid,4=drusen`` as {1: "fluid", ...}; names are matched whatever their case. Raises `ManifestError`."""
    out = {}
    for part in text.split(","):
        value, _, name = part.partition("=")
        if not value.strip().isdigit() or name.strip().lower() not in _BY_NAME or int(value) >= NOT_SCORED:
            raise ManifestError(f"'{part}' is not VALUE=CLASS with a value below 255 and a class of: {', '.join(CLASS_NAMES)}.")
        out[int(value)] = _BY_NAME[name.strip().lower()]
    return out


def predicted(said: Segmentation, name: str) -> NDArray[np.bool_]:
    """Where a segmentation says that class is, bool (H, W). ``name``: as `class_map` gives it."""
    if name == "fluid":
        return said.fluid
    if name in LESIONS:
        return np.asarray(said.lesions == LESIONS.index(name) + 1)
    return np.asarray(said.layers == LAYERS.index(name) + 1)


def read_mask(file: Path) -> NDArray[np.uint8]:
    """A label mask's raw values, uint8 (H, W); a palette's indices, not its colours. Raises `ManifestError`."""
    try:
        with Image.open(file) as image:
            values = np.asarray(image)
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise ManifestError(f"{file} is no mask that can be read: {error}.") from error
    if values.ndim == 3:
        values = values[..., 0]
    return values.astype(np.uint8)


@dataclass
class Counts:
    """Of one class, image by image: pixels in both, in the prediction, in the mask; and whose image it is."""

    both: list[int] = field(default_factory=list)
    said: list[int] = field(default_factory=list)
    true: list[int] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)

    def add(self, said: NDArray[np.bool_], true: NDArray[np.bool_], group: str) -> None:
        """Count one image; both masks bool (H, W), what is not scored False in both."""
        self.both.append(int((said & true).sum()))
        self.said.append(int(said.sum()))
        self.true.append(int(true.sum()))
        self.groups.append(group)

    def report(self, resamples: int) -> dict[str, Any]:
        """``dice`` and ``iou`` pooled over all pixels; ``dice_mean`` over images that have the class in the mask, and
        ``dice_by_patient`` over patients that have it; the interval resamples patients."""
        both, said, true = (np.array(x, np.float64) for x in (self.both, self.said, self.true))
        names, index = np.unique(self.groups, return_inverse=True)
        sums = np.stack([np.bincount(index, x, len(names)) for x in (both, said + true)])
        here = true > 0
        has = np.bincount(index, true, len(names)) > 0
        rng = np.random.default_rng(0)
        drawn = sums[:, rng.integers(0, len(names), (resamples, len(names)))].sum(axis=2)
        spread = 2 * drawn[0] / np.maximum(drawn[1], 1)
        total = float((said + true).sum())
        return {
            "n": int(here.sum()),
            "dice": 2 * float(both.sum()) / total if total else None,
            "dice_ci95": [float(v) for v in np.percentile(spread, (2.5, 97.5))] if total and len(names) > 1 else None,
            "dice_mean": float((2 * both[here] / (said + true)[here]).mean()) if here.any() else None,
            "dice_by_patient": float((2 * sums[0, has] / sums[1, has]).mean()) if has.any() else None,
            "iou": float(both.sum()) / (total - float(both.sum())) if total else None,
        }


def scored(line: Mapping[str, str | None], mask: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Pixels that count: not 255, and inside ``column_min..column_max`` (both included) where the row names them."""
    out = np.asarray(mask != NOT_SCORED)
    if line.get("column_min"):
        out[:, : int(str(line["column_min"]))] = False
    if line.get("column_max"):
        out[:, int(str(line["column_max"])) + 1 :] = False
    return out


def evaluate_segment(
    manifest: Path,
    classes: Mapping[int, str],
    root: Path | None = None,
    model: str = models.ENSEMBLE,
    progress: Callable[[int], None] = lambda done: None,
    resamples: int = 1000,
) -> dict[str, Any]:
    """The contract's object for a CSV with ``image``, ``mask`` and perhaps ``group``, ``source``, ``column_min``,
    ``column_max``. Values that ``classes`` does not name are background. Raises `ManifestError`, `models.ModelError`."""
    folder = root or manifest.parent
    with open(manifest, newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        if not {"image", "mask"} <= set(reader.fieldnames or ()):
            raise ManifestError(f"{manifest} needs the columns 'image' and 'mask'.")
        lines = list(reader)
    counts: dict[str, dict[str, Counts]] = defaultdict(lambda: defaultdict(Counts))
    seen: dict[str, list[str]] = defaultdict(list)
    skipped = 0
    for done, line in enumerate(lines):
        place = folder / line["image"]
        try:
            said = segment(read(place.read_bytes(), place.name), model)
        except (ScanError, OSError):
            skipped += 1
            continue
        mask = read_mask(folder / line["mask"])
        if mask.shape != said.lesions.shape:
            raise ManifestError(f"{line['mask']} is {mask.shape[::-1]}, its image {said.lesions.shape[::-1]}.")
        counted = scored(line, mask)
        source, group = line.get("source") or "all", line.get("group") or line["image"]
        seen[source].append(group)
        for name in dict.fromkeys(classes.values()):
            true = np.isin(mask, [value for value, n in classes.items() if n == name])
            counts[source][name].add(predicted(said, name) & counted, true & counted, group)
        progress(done + 1)
    if not seen:
        raise ManifestError("Not one image of the manifest could be read.")

    def block(parts: list[str]) -> dict[str, Any]:
        per_class = {}
        for name in dict.fromkeys(classes.values()):
            joined = Counts()
            for source in parts:
                c = counts[source][name]
                joined.both += c.both
                joined.said += c.said
                joined.true += c.true
                joined.groups += c.groups
            per_class[name] = joined.report(resamples)
        found = [c["dice"] for c in per_class.values() if c["n"]]
        groups = {g for source in parts for g in seen[source]}
        return {
            "n": sum(len(seen[source]) for source in parts),
            "groups": len(groups),
            "mean_dice": float(np.mean(found)) if found else None,
            "per_class": per_class,
        }

    return {
        "task": "segment",
        "model": model,
        "n": sum(map(len, seen.values())),
        "skipped": {"(unreadable)": skipped} if skipped else {},
        "overall": block(list(seen)),
        "sources": {source: block([source]) for source in sorted(seen)},
    }
