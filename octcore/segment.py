"""Segments a B-scan: fluid and other lesions pixel by pixel, the seven layers as ordered surfaces, at the scan's own size."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from octcore import models
from octcore.caveats import scan_caveats
from octcore.engine import Network
from octcore.scan import Scan
from octcore.straighten import Straight, look, maps_onto_scan, straighten
from octcore.surfaces import ordered_surfaces
from octcore.taxonomy import FLUID, LAYERS, LESIONS

LEAST = 0.4
"""Probability from which a pixel belongs to a lesion: best mean Dice on the Kermany validation patients."""


@dataclass(frozen=True)
class Segmentation:
    """What a model outlined in one B-scan of H x W pixels.

    ``lesions``: uint8 (H, W), 0 background, else 1 + the place in ``taxonomy.LESIONS``. ``surfaces``: float32 (8, W),
    heights in rows (not whole numbers) of ``taxonomy.SURFACES``, ordered in every column; NaN in columns without data.
    ``caveats``: keys of the interface's strings (``caveat.<key>``).
    """

    model: str
    version: str
    lesions: NDArray[np.uint8]
    surfaces: NDArray[np.float32]
    milliseconds: float
    caveats: tuple[str, ...] = ()

    @property
    def fluid(self) -> NDArray[np.bool_]:
        """Where there is fluid of either kind, bool (H, W)."""
        return fluid_in(self.lesions)

    @property
    def layers(self) -> NDArray[np.uint8]:
        """The layers as uint8 (H, W): 0 outside the retina, else 1 + the place in ``taxonomy.LAYERS``."""
        return layers_of(self.surfaces, self.lesions.shape[0])


def fluid_in(lesions: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where a label map, uint8 of any shape (one slice's, a volume's), has fluid of either kind: bool of that shape."""
    return np.isin(lesions, [LESIONS.index(name) + 1 for name in FLUID])


def lesions_in(lesions: NDArray[np.uint8]) -> list[str]:
    """The lesions that a label map, uint8 of any shape, names, in the order of ``taxonomy.LESIONS``."""
    return [name for value, name in enumerate(LESIONS, start=1) if bool((lesions == value).any())]


def layers_of(surfaces: NDArray[np.float32], height: int) -> NDArray[np.uint8]:
    """Surfaces (8, W) as a mask uint8 (height, W): a pixel belongs to the layer in which its centre lies."""
    centres = np.arange(height, dtype=np.float32)[:, None] + 0.5
    passed = sum((centres >= np.nan_to_num(s, nan=np.inf)[None]).astype(np.uint8) for s in surfaces)
    passed = np.asarray(passed, np.uint8)
    return np.where(passed > len(LAYERS), 0, passed).astype(np.uint8)


def segment(scan: Scan, model: str = models.ENSEMBLE) -> Segmentation:
    """Segment one B-scan. The network loads at first use; safe from several threads. Raises `models.ModelError`."""
    info = models.members(model, "segment")[0]
    network = models.network(info)
    started = time.perf_counter()
    marks, surfaces = outline(scan.grey, network)
    return Segmentation(
        model=model,
        version=models.version_of(model, "segment"),
        lesions=marks,
        surfaces=surfaces,
        milliseconds=(time.perf_counter() - started) * 1e3,
        caveats=scan_caveats(scan),
    )


def outline(grey: NDArray[np.uint8], network: Network) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """A `Segmentation`'s ``lesions`` and ``surfaces`` of a grey scan, uint8 (H, W), by one network."""
    window, invalid = straighten(grey)
    regions, lesions = network.run(look(grey, invalid, window)[None, None])
    return onto_scan(regions[0], lesions[0], window, invalid)


def onto_scan(
    regions: NDArray[np.float32], lesions: NDArray[np.float32], window: Straight, invalid: NDArray[np.bool_]
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """A network's probabilities in its window, ``regions`` (9, h, w) and ``lesions`` (5, h, w), as a `Segmentation`'s
    ``lesions`` (H, W) and ``surfaces`` (8, W) for the scan whose no-data mask ``invalid`` (H, W) is."""
    height, width = invalid.shape
    rows, columns = regions.shape[1:]
    ordered = ordered_surfaces(regions)
    at = window.columns(columns)
    places = np.arange(width) + 0.5
    heights = np.stack([np.interp(places, at, s) for s in ordered])
    surfaces = np.clip(window.out_of_window(heights, places, rows), 0, height).astype(np.float32)
    surfaces[:, (places < window.usable[0]) | (places > window.usable[1]) | invalid.all(axis=0)] = np.nan

    found = maps_onto_scan(lesions[1:], window, (height, width))
    marks = np.where(found.max(axis=0) > LEAST, found.argmax(axis=0) + 1, 0).astype(np.uint8)
    marks[invalid] = 0
    return marks, surfaces
