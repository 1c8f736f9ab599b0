"""Turns at the engine are fair, and a batch is its pictures one by one."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from octcore import models
from octcore.engine import Turns
from octcore.preprocess import INPUT_SIZE


def test_who_asks_first_runs_first() -> None:
    turns, order = Turns(), []

    def ask(who: int) -> None:
        with turns:
            order.append(who)

    people = [threading.Thread(target=ask, args=(who,)) for who in range(20)]
    with turns:
        for waiting, person in enumerate(people, start=1):
            person.start()
            while len(turns._waiting) < waiting:
                time.sleep(0.001)
    for person in people:
        person.join()
    assert order == list(range(20))


def test_a_volume_lets_others_in_between_its_slices() -> None:
    turns, order = Turns(), []
    began = threading.Event()

    def volume() -> None:
        for _ in range(3):
            with turns:
                order.append("slice")
                began.set()
                while not turns._waiting and "scan" not in order:
                    time.sleep(0.001)

    def scan() -> None:
        began.wait()
        with turns:
            order.append("scan")

    people = [threading.Thread(target=work) for work in (volume, scan)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert order[1] == "scan"


def test_an_error_gives_the_turn_back() -> None:
    turns = Turns()
    with pytest.raises(RuntimeError), turns:
        raise RuntimeError
    with turns:
        pass


def test_a_batch_is_answered_as_its_pictures_alone() -> None:
    network = models.network(models.members(models.ENSEMBLE, "oct")[0])
    pictures = np.random.default_rng(0).normal(0, 0.5, (3, 1, *INPUT_SIZE)).astype(np.float32)
    together = network.run(pictures)
    for k in range(3):
        for alone, batch in zip(network.run(pictures[k : k + 1]), together, strict=True):
            assert np.array_equal(alone[0], batch[k])
