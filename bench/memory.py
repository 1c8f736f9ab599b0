"""Resident memory of a process with all models loaded and each run once: in the engine, and in their own frameworks.

`python -m bench.memory engine|eager` is one such process and prints its MB.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import nullcontext

from bench.server import resident_mb


def measure() -> dict[str, float]:
    """MB of either side, in processes of their own."""
    said = {}
    for side in ("engine", "eager"):
        done = subprocess.run([sys.executable, "-m", "bench.memory", side], capture_output=True, text=True, check=True)
        said[f"{side}_mb"] = float(done.stdout.split()[-1])
    return said | {"ratio": said["engine_mb"] / said["eager_mb"]}


def _load(side: str) -> None:
    from bench.scans import scan_file
    from octcore import models
    from octcore.classify import classify
    from octcore.quality import assess
    from octcore.readers import read
    from octcore.segment import segment

    if side == "eager":
        from bench.natives import in_eager

        block = in_eager()
    else:
        block = nullcontext()  # type: ignore[assignment]
    with block:
        scan, photograph = read(scan_file("oct", 1)), scan_file("fundus", 1)
        assess(scan)
        tasks = {info.task for info in models.catalogue()}
        if "oct" in tasks:
            classify(scan)
        if "segment" in tasks:
            segment(scan)
        if "fundus" in tasks:
            classify(read(photograph), task="fundus")
        print(resident_mb(os.getpid()))


if __name__ == "__main__":
    _load(sys.argv[1])
