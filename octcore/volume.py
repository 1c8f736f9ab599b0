"""Reads every B-scan of a volume: outlines them all, or classifies them all and says what that makes of the eye.

The networks run on a few slices at once; the slices before and after those are prepared and finished in threads meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from octcore import models
from octcore.caveats import scan_caveats
from octcore.classify import UNCERTAIN_FROM
from octcore.eye import Eye, eye_of
from octcore.inputs import ClassifierInput, classifier_input
from octcore.panel import Panel
from octcore.scan import Scan
from octcore.segment import onto_scan
from octcore.straighten import Straight, look, straighten
from octcore.taxonomy import OCT_LABELS, SURFACES

Floats = NDArray[np.float32]
Progress = Callable[[int, int], None]
"""Told (slices done, slices in all) after each batch, in the caller's own thread."""
Cancel = Callable[[], bool]
"""Asked between batches whether to stop."""
BATCH = 4
"""Slices that a network reads at once: more is no faster on a few cores, and cancelling would take longer."""
RULES = "volume-1"
"""How slices become a volume's result; part of its version, so that a changed rule makes a new result."""
HEAT_SIDE = 128
"""The longer side of a kept heat map: the networks see no finer."""

Prepared = TypeVar("Prepared")
Raw = TypeVar("Raw")


class Cancelled(Exception):
    """The caller's ``cancelled`` said so. Nothing came of the run."""


@dataclass(frozen=True)
class VolumeSegmentation:
    """What a model outlined in a volume of S slices of H x W pixels.

    ``lesions``: uint8 (S, H, W) and ``surfaces``: float32 (S, 8, W), each slice as in `Segmentation`; a slice in which
    nothing was scanned has no lesions, and NaN for surfaces.
    """

    model: str
    version: str
    lesions: NDArray[np.uint8]
    surfaces: Floats
    milliseconds: float
    caveats: tuple[str, ...] = ()


@dataclass(frozen=True)
class VolumeClassification:
    """What a model said of a volume's slices, and what that makes of the eye.

    ``probabilities``: float64 (S, classes), calibrated, in the order of ``taxonomy.OCT_LABELS``; NaN for a slice in which
    nothing was scanned. ``order``: the others, worst (least probably NORMAL) first. ``eye``: see `octcore.eye.eye_of`.
    ``heatmaps``: uint8 (S, h, w), 255 the most; where the model looked for the slice's own most probable class, over the
    whole slice (resize it to the slice).
    """

    model: str
    version: str
    probabilities: NDArray[np.float64]
    order: tuple[int, ...]
    eye: Eye
    heatmaps: NDArray[np.uint8]
    milliseconds: float
    caveats: tuple[str, ...] = ()


def version_of(model: str, task: str) -> str:
    """The version to keep with a volume's result: the models', and the rules by which slices become one result."""
    return f"{models.version_of(model, task)}/{RULES}"


def segment_volume(
    scan: Scan,
    model: str = models.ENSEMBLE,
    progress: Progress = lambda done, total: None,
    cancelled: Cancel = lambda: False,
) -> VolumeSegmentation:
    """Segment every slice. ``cancelled`` is asked between batches. Raises `Cancelled` and `models.ModelError`."""
    network = models.network(models.members(model, "segment")[0])
    started = time.perf_counter()
    slices = slices_of(scan)
    lesions = np.zeros(slices.shape, np.uint8)
    surfaces = np.full((len(slices), len(SURFACES), slices.shape[2]), np.nan, np.float32)

    def prepare(index: int) -> tuple[Floats, Straight, NDArray[np.bool_]]:
        window, invalid = straighten(slices[index])
        return look(slices[index], invalid, window), window, invalid

    def run(batch: Sequence[tuple[Floats, Straight, NDArray[np.bool_]]]) -> list[tuple[Floats, Floats]]:
        regions, found = network.run(np.stack([one[0] for one in batch])[:, None])
        return list(zip(regions, found, strict=True))

    def finish(index: int, ready: tuple[Floats, Straight, NDArray[np.bool_]], said: tuple[Floats, Floats]) -> None:
        _, window, invalid = ready
        lesions[index], surfaces[index] = onto_scan(*said, window, invalid)

    _in_batches(scanned(slices), prepare, run, finish, progress, cancelled)
    milliseconds = (time.perf_counter() - started) * 1e3
    return VolumeSegmentation(model, version_of(model, "segment"), lesions, surfaces, milliseconds, scan_caveats(scan))


def classify_volume(
    scan: Scan,
    model: str = models.ENSEMBLE,
    progress: Progress = lambda done, total: None,
    cancelled: Cancel = lambda: False,
) -> VolumeClassification:
    """Classify every slice. ``cancelled`` is asked between batches. Raises `Cancelled` and `models.ModelError`."""
    panel = Panel(model, "oct")
    threshold = models.conformal("oct", model)
    started = time.perf_counter()
    slices = slices_of(scan)
    count, height, width = slices.shape
    scale = min(1.0, HEAT_SIDE / max(height, width))
    small = max(1, round(width * scale)), max(1, round(height * scale))
    heatmaps = np.zeros((count, small[1], small[0]), np.uint8)
    probabilities = np.full((count, len(OCT_LABELS)), np.nan)
    familiar: list[bool] = []

    def prepare(index: int) -> ClassifierInput:
        return classifier_input(slices[index])

    def run(batch: Sequence[ClassifierInput]) -> list[tuple[NDArray[np.float64], Floats, np.bool_]]:
        """A slice's probabilities and activation maps, and whether it is like those that were learned."""
        return list(zip(*panel.read(np.concatenate([one.tensor for one in batch])), strict=True))

    def finish(index: int, ready: ClassifierInput, said: tuple[NDArray[np.float64], Floats, np.bool_]) -> None:
        probabilities[index], maps, known = said
        familiar.append(bool(known))
        laid = ready.back(maps[int(said[0].argmax())])
        heatmaps[index] = np.round(cv2.resize(laid, small, interpolation=cv2.INTER_AREA) * 255)

    _in_batches(scanned(slices), prepare, run, finish, progress, cancelled)
    eye = eye_of(probabilities, threshold)
    unsure = ("uncertain",) if len(eye.prediction_set) >= UNCERTAIN_FROM else ()
    # Slices at a volume's rim may well be unlike any that were learned; half of them are the eye's.
    strange = () if np.mean(familiar) > 0.5 else ("unfamiliar",)
    return VolumeClassification(
        model=model,
        version=version_of(model, "oct"),
        probabilities=probabilities,
        order=worst_first(probabilities),
        eye=eye,
        heatmaps=heatmaps,
        milliseconds=(time.perf_counter() - started) * 1e3,
        caveats=(*scan_caveats(scan), *strange, *unsure),
    )


def worst_first(probabilities: NDArray[np.float64]) -> tuple[int, ...]:
    """The slices that were read, the least probably NORMAL first, of probabilities (S, classes)."""
    normal = probabilities[:, OCT_LABELS.index("NORMAL")]
    return tuple(int(k) for k in np.argsort(normal, kind="stable") if np.isfinite(normal[k]))


def slices_of(scan: Scan) -> NDArray[np.uint8]:
    """All B-scans, uint8 (S, H, W); a picture is one."""
    return scan.grey[None] if scan.volume is None else scan.volume


def scanned(slices: NDArray[np.uint8]) -> list[int]:
    """The slices in which something was scanned. Where that is none, all: it is the network's to say nothing of them."""
    lively = [k for k, one in enumerate(slices) if float(one[::4, ::4].std()) > 1.0]
    return lively or list(range(len(slices)))


def _in_batches(
    slices: list[int],
    prepare: Callable[[int], Prepared],
    run: Callable[[Sequence[Prepared]], Sequence[Raw]],
    finish: Callable[[int, Prepared, Raw], None],
    progress: Progress,
    cancelled: Cancel,
) -> None:
    """`prepare` each slice, `run` the network on a batch, `finish` each slice; all but the network in two threads."""
    batches = [slices[k : k + BATCH] for k in range(0, len(slices), BATCH)]
    pool = ThreadPoolExecutor(2)
    finishing: list[Future[None]] = []
    try:
        coming = [pool.submit(prepare, index) for index in batches[0]]
        for k, batch in enumerate(batches):
            if cancelled():
                raise Cancelled
            ready = [each.result() for each in coming]
            coming = [pool.submit(prepare, index) for index in batches[k + 1]] if k + 1 < len(batches) else []
            said = run(ready)
            for each in finishing:  # at most one batch waits, so that a long volume's maps do not pile up
                each.result()
            finishing = [pool.submit(finish, *one) for one in zip(batch, ready, said, strict=True)]
            progress(min((k + 1) * BATCH, len(slices)), len(slices))
        for each in finishing:
            each.result()
    finally:
        pool.shutdown(cancel_futures=True)
