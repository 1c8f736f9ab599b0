"""The shared segmentation data: images, masks with partial labels, views of them for training."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from octcore.straighten import SEGMENT_SIZE, Straight, look, mask_into_window, mirrored, straighten
from octcore.taxonomy import FLUID, LAYERS, LESIONS
from train.augment import weathered
from train.data import data_root

ANY_FLUID, NO_FLUID, IGNORED = len(LESIONS) + 1, len(LESIONS) + 2, 255
"""Partial labels of a pixel beside the classes' numbers: fluid of either kind; anything but fluid; not said."""

_ALLOWED = np.zeros((IGNORED + 1, len(LESIONS) + 1), np.float32)
_ALLOWED[: len(LESIONS) + 1] = np.eye(len(LESIONS) + 1)
for _k, _name in enumerate(("", *LESIONS)):
    _ALLOWED[ANY_FLUID if _name in FLUID else NO_FLUID, _k] = 1
_ALLOWED[IGNORED] = 1
ALLOWED = _ALLOWED
"""float32 (256, 5): which classes a pixel's label allows, by label. A pixel of which nothing is said allows all."""

KERMANY_CODES = {1: "IRF", 3: "SRF", 4: "DRUSEN", 5: "SRF", 6: "SHRM"}
"""The masks' values that we outline (3 and 5 are one thing); the others are background."""


@dataclass(frozen=True)
class Annotated:
    """One annotated B-scan of H x W pixels.

    ``lesions``: uint8 (H, W), classes or the partial labels above. ``surfaces``: float32 (raters, 8, W), NaN in columns
    that a rater left out; no raters where there are no layers. ``columns``: the annotated columns (first, last + 1).
    """

    name: str
    source: str
    group: str
    split: str
    grey: NDArray[np.uint8]
    lesions: NDArray[np.uint8]
    surfaces: NDArray[np.float32]
    columns: tuple[int, int]
    window: Straight
    invalid: NDArray[np.bool_]


def _grey(file: Path) -> NDArray[np.uint8]:
    image = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise FileNotFoundError(f"{file} is missing or is no image")
    return np.asarray(image, np.uint8)


def surfaces_of(layers: NDArray[np.uint8]) -> NDArray[np.float32]:
    """A Duke layer mask, uint8 (H, W), as the eight borders float32 (8, W), NaN in columns without all its layers."""
    inside = (layers >= 1) & (layers <= len(LAYERS))
    out = np.full((len(LAYERS) + 1, layers.shape[1]), np.nan, np.float32)
    found = np.flatnonzero(inside.any(axis=0))
    top = np.argmax(inside[:, found], axis=0)
    out[0, found] = top
    for k in range(1, len(LAYERS) + 1):
        out[k, found] = top + ((layers[:, found] >= 1) & (layers[:, found] <= k)).sum(axis=0)
    return out


def duke() -> list[Annotated]:
    """The 110 B-scans of Chiu et al. 2015; ``split`` is ReLayNet's, ``group`` the subject."""
    folder = data_root() / "oct_segmentation" / "duke_dme"
    out = []
    with open(folder / "manifest.csv", newline="") as file:
        for line in csv.DictReader(file):
            name = line["file"]
            grey = _grey(folder / "images" / f"{name}.webp")
            first, last = int(line["column_min"]), int(line["column_max"]) + 1
            fluid = _grey(folder / "fluid" / f"{name}.png")
            lesions = np.where(fluid > 0, ANY_FLUID, NO_FLUID).astype(np.uint8)
            lesions[:, :first] = lesions[:, last:] = IGNORED
            raters = np.stack([surfaces_of(_grey(folder / f"layers_rater{r}" / f"{name}.png")) for r in (1, 2)])
            group = f"duke-{line['subject']}"
            out.append(
                Annotated(name, "duke", group, line["relaynet_split"], grey, lesions, raters, (first, last), *straighten(grey))
            )
    return out


def kermany_lesions() -> list[Annotated]:
    """The 253 cropped B-scans with lesion polygons; no layers."""
    folder = data_root() / "oct_segmentation" / "kermany_lesions"
    table = np.zeros(256, np.uint8)
    for value, name in KERMANY_CODES.items():
        table[value] = LESIONS.index(name) + 1
    out = []
    with open(folder / "manifest.csv", newline="") as file:
        for line in csv.DictReader(file):
            grey = _grey(folder / "images" / f"{line['file']}.webp")
            lesions = table[_grey(folder / "masks" / f"{line['file']}.png")]
            surfaces = np.zeros((0, len(LAYERS) + 1, grey.shape[1]), np.float32)
            out.append(
                Annotated(
                    line["file"],
                    "kermany",
                    line["group"],
                    line["split"],
                    grey,
                    lesions,
                    surfaces,
                    (0, grey.shape[1]),
                    *straighten(grey),
                )
            )
    return out


@dataclass(frozen=True)
class View:
    """One input with its targets, h x w: ``image`` float32; ``regions`` uint8 (255 not said); ``lesions`` uint8 labels;
    ``surfaces`` float32 (8, w) in rows of the view, NaN where not said."""

    image: NDArray[np.float32]
    regions: NDArray[np.uint8]
    lesions: NDArray[np.uint8]
    surfaces: NDArray[np.float32]


def view(scan: Annotated, window: Straight, size: tuple[int, int], rater: int = 0) -> View:
    """A scan in a window with its targets."""
    regions = np.full(size, IGNORED, np.uint8)
    surfaces = np.full((len(LAYERS) + 1, size[1]), np.nan, np.float32)
    if len(scan.surfaces):
        places = window.columns(size[1])
        at = np.clip(places.astype(int), 0, scan.grey.shape[1] - 1)
        heights = scan.surfaces[rater][:, at].astype(np.float64)
        surfaces = window.into_window(heights, places, size[0]).astype(np.float32)
        surfaces[:, (places < 0) | (places >= scan.grey.shape[1])] = np.nan
        said = ~np.isnan(surfaces).any(axis=0)
        centres = np.arange(size[0])[:, None] + 0.5
        passed = (centres[None] >= surfaces[:, None, :]).sum(axis=0)
        regions[:, said] = passed[:, said]
    return View(
        look(scan.grey, scan.invalid, window, size),
        regions,
        mask_into_window(scan.lesions, window, IGNORED, size),
        surfaces,
    )


def random_view(scan: Annotated, rng: np.random.Generator, size: tuple[int, int], columns: int = SEGMENT_SIZE[1]) -> View:
    """A random part of a scan, tilted, bent, stretched, mirrored, weathered. ``size``: its width over
    ``columns``, those of a whole scan, is about the share of the scan that it shows."""
    base = scan.window
    extent, across = base.last - base.first, base.usable[1] - base.usable[0]
    bend = np.array([rng.normal(0, 0.04), rng.normal(0, 0.07), rng.normal(0, 0.03)]) * extent
    zoom = float(np.exp(rng.normal(0, 0.2)))
    middle = (base.first + base.last) / 2
    shown = min(1.1, size[1] / columns * float(np.exp(rng.normal(0, 0.2)))) * across
    # Views lean towards the annotated part, where there is something to learn.
    first, last = scan.columns
    centre = rng.uniform(min(first + 0.3 * shown, (first + last) / 2), max(last - 0.3 * shown, (first + last) / 2))
    window = replace(
        base,
        curve=base.curve + bend,
        first=middle + (base.first - middle) * zoom,
        last=middle + (base.last - middle) * zoom,
        left=float(centre - shown / 2),
        right=float(centre + shown / 2),
    )
    if rng.random() < 0.5:
        window = mirrored(window)
    seen = view(scan, window, size, int(rng.integers(0, max(1, len(scan.surfaces)))))
    image = weathered(seen.image * 170.0, rng) / 170.0
    if rng.random() < 0.3:  # a vessel's shadow
        wide = int(rng.uniform(0.01, 0.05) * size[1]) + 1
        x = int(rng.integers(0, size[1] - wide))
        image[:, x : x + wide] *= rng.uniform(0.2, 0.8)
    return replace(seen, image=np.clip(image, -0.3, 1.8).astype(np.float32))
