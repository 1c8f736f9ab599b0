"""The ratios alone, with one thread and by the clock of its own work: `python -m bench.ratios [NAME...]` prints one JSON object.

What a test holds (`tests/bench/test_ratios.py`), and what can be said of speed on a machine that is busy with other things.
A name is a network's id, or ``ensemble`` and ``ensemble-fundus``.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from bench.timing import one_core

ROUNDS = 12


def main() -> None:
    clock = one_core()  # before anything loads a network
    from bench.networks import by_its_own_work, classified, measure_ensemble, measure_one, networks
    from octcore.models import ensemble_folder

    timer = by_its_own_work(clock, ROUNDS)
    alone = {info.id: info for info in networks()}
    together = {ensemble_folder(task): task for task in classified()}
    found: dict[str, Any] = {}
    for name in sys.argv[1:] or [*alone, *together]:
        if name in alone:
            found[name] = measure_one(alone[name], timer)
        else:
            found[name] = measure_ensemble(together[name], timer)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
