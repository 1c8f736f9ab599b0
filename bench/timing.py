"""Times things against each other, so that whatever else the machine does hits them alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from statistics import mean, median
from typing import Any

REST = 0.01
"""Seconds between two timed calls: threads that still spin from the one before would take its cores from the next."""


def one_core() -> Callable[[], float]:
    """Have everything here use one thread, and return the clock that counts its work alone: for a machine that does other
    things meanwhile, where a pool of threads would wait for the core that it has not got. Call it before networks load."""
    import cv2
    import torch

    from octcore import engine

    engine.THREADS = 1
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    return time.process_time


def interleaved(calls: Mapping[str, Callable[[], Any]], rounds: int, warm: int = 2) -> dict[str, float]:
    """The median seconds of each call by the wall's clock, A B A B; ``warm`` rounds go before and do not count."""
    return {name: median(seconds) for name, seconds in timed(calls, rounds, warm, time.perf_counter).items()}


def undisturbed(
    calls: Mapping[str, Callable[[], Any]], rounds: int, clock: Callable[[], float], inputs: int = 1
) -> dict[str, float]:
    """The least seconds of each call by ``clock``, A B A B: what else the machine does can only add to them, a neighbour on the
    same host to a process' own clock too. Calls that go through ``inputs`` things in turn count by the mean of each one's least.
    """
    taken = timed(calls, rounds, max(2, inputs), clock)
    return {name: mean(min(seconds[k::inputs]) for k in range(inputs)) for name, seconds in taken.items()}


def timed(calls: Mapping[str, Callable[[], Any]], rounds: int, warm: int, clock: Callable[[], float]) -> dict[str, list[float]]:
    """Every round's seconds of each call, by ``clock``."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(warm + rounds):
        for name, call in calls.items():
            time.sleep(REST)
            started = clock()
            call()
            if turn >= warm:
                taken[name].append(clock() - started)
    return taken


def quantile(values: list[float], share: float) -> float:
    """The value below which that share of the values lies (the nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
