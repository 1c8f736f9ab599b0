"""Each served network in the engine beside itself in eager PyTorch or Keras: the forward pass alone, and all the way from a
file's bytes to a result. Both sides of the latter run the same code but for the network."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle
from typing import Any

import numpy as np

from bench.natives import in_eager, native
from bench.scans import SIZES, scan_file
from bench.timing import interleaved, undisturbed
from octcore import models
from octcore.classify import classify
from octcore.inputs import scan_input
from octcore.models import ModelInfo
from octcore.quality import assess, network_input
from octcore.readers import read
from octcore.scan import Scan
from octcore.segment import segment
from octcore.store import Task
from octcore.straighten import look, straighten
from octcore.taxonomy import LABELS, ClassifyTask

Clock = Callable[[], float]
Calls = dict[str, Callable[[], object]]
Timer = Callable[[Calls, int], dict[str, float]]
"""Seconds of each call, which go through so many inputs in turn."""
ROUNDS = 30


def by_the_wall(calls: Calls, inputs: int) -> dict[str, float]:
    """What a person waits on an idle machine: the median of `ROUNDS`."""
    return interleaved(calls, ROUNDS)


def by_its_own_work(clock: Clock, rounds: int) -> Timer:
    """What the work takes where nothing disturbs it (`bench.timing.undisturbed`), of ``rounds``."""
    return lambda calls, inputs: undisturbed(calls, rounds, clock, inputs)


def networks() -> list[ModelInfo]:
    """Every served network: the catalogue's, and the quality gate's."""
    return [*models.catalogue(), models.quality_info()]


def scans_of(info: ModelInfo) -> Task:
    """The task whose scans a network reads."""
    return "fundus" if info.task == "fundus" else "oct"


def tensor(info: ModelInfo, scan: Scan) -> np.ndarray[Any, np.dtype[np.float32]]:
    """A scan as a network reads it, float32 (1, channels, H, W)."""
    if info.task == "quality":
        return network_input(scan.pixels)
    if info.task == "segment":
        window, invalid = straighten(scan.grey)
        return look(scan.grey, invalid, window)[None, None]
    return scan_input(scan, info.task).tensor  # type: ignore[arg-type]


def result(info: ModelInfo, scan: Scan) -> object:
    """What one model says of a scan."""
    if info.task == "quality":
        return assess(scan)
    if info.task == "segment":
        return segment(scan, info.id)
    return classify(scan, info.id, info.task)  # type: ignore[arg-type]


def measure_one(info: ModelInfo, timer: Timer = by_the_wall) -> dict[str, Any]:
    """Milliseconds of both sides and their ratios; ``network`` is the forward pass, ``whole`` from bytes to result."""
    files = [scan_file(scans_of(info), seed) for seed in range(len(SIZES))]
    served, eager = models.network(info), native(info)
    given = tensor(info, read(files[0]))
    network = timer({"engine": lambda: served.run(given), "eager": lambda: eager.run(given)}, 1)
    whole = timer(_whole(files, lambda scan: result(info, scan), {info.id: eager}), len(files))
    return {"id": info.id, "task": info.task, "framework": info.framework, "network": _beside(network), "whole": _beside(whole)}


def measure_ensemble(task: ClassifyTask, timer: Timer = by_the_wall) -> dict[str, Any]:
    """The same for a task's default: all its classifiers, each once, and their mean."""
    eager = {info.id: native(info) for info in models.members(models.ENSEMBLE, task)}
    files = [scan_file(task, seed) for seed in range(len(SIZES))]
    whole = timer(_whole(files, lambda scan: classify(scan, models.ENSEMBLE, task), eager), len(files))
    return {"id": models.ensemble_folder(task), "task": task, "framework": "both", "network": None, "whole": _beside(whole)}


def _whole(files: list[bytes], answer: Callable[[Scan], object], eager: dict[str, Any]) -> Calls:
    """Both sides of bytes to result, each going through the files in turn."""
    ours, theirs = cycle(files), cycle(files)

    def in_its_framework() -> object:
        with in_eager(eager):
            return answer(read(next(theirs)))

    return {"engine": lambda: answer(read(next(ours))), "eager": in_its_framework}


def _beside(seconds: dict[str, float]) -> dict[str, float]:
    return {
        "engine_ms": seconds["engine"] * 1e3,
        "eager_ms": seconds["eager"] * 1e3,
        "ratio": seconds["engine"] / seconds["eager"],
    }


def classified() -> list[ClassifyTask]:
    """The tasks that classifiers are served for."""
    return [task for task in LABELS if any(info.task == task for info in models.catalogue())]


def measure() -> list[dict[str, Any]]:
    """Every network, then every task's ensemble."""
    return [measure_one(info) for info in networks()] + [measure_ensemble(task) for task in classified()]
