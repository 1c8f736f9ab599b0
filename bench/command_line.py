"""The whole of `python -m octcore analyze` from cold: for one file and for 100, beside the same command with the networks in
their own frameworks. Seconds by the wall, and the most memory that the process ever had."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from bench.scans import scan_files
from octcore import models
from octcore.store import Task

FILES = (1, 100)
ENGINE = ["-m", "octcore", "analyze"]
EAGER = ["-m", "bench.eager_analyze", "analyze"]


def run(command: list[str]) -> tuple[float, float]:
    """Seconds and peak memory in MB of a Python process. Raises CalledProcessError where it fails."""
    done = subprocess.run([sys.executable, "-m", "bench.watched", *command], capture_output=True, text=True, check=True)
    seconds, megabytes = map(float, done.stdout.split())
    return seconds, megabytes


def measure(rounds: int = 5) -> list[dict[str, Any]]:
    """Every task's default model; many files are read once by either side."""
    out: list[dict[str, Any]] = []
    tasks: tuple[Task, ...] = ("oct", "segment", "fundus")
    for task in tasks:
        if not any(info.task == task for info in models.catalogue()):
            continue
        with tempfile.TemporaryDirectory() as folder:
            files = [str(f) for f in scan_files("fundus" if task == "fundus" else "oct", max(FILES), Path(folder))]
            for count in FILES:
                out.append({"task": task, "files": count, **_beside(task, files[:count], rounds if count == 1 else 1)})
    return out


def _beside(task: Task, files: list[str], rounds: int) -> dict[str, float]:
    rest = [*files, "--task", task, "--json", "--insist"]
    sides: dict[str, list[tuple[float, float]]] = {"engine": [], "eager": []}
    for _ in range(rounds):
        sides["engine"].append(run([*ENGINE, *rest]))
        sides["eager"].append(run([*EAGER, *rest]))
    seconds = {side: median(s for s, _ in taken) for side, taken in sides.items()}
    peak = {side: max(mb for _, mb in taken) for side, taken in sides.items()}
    return {
        "engine_s": seconds["engine"],
        "eager_s": seconds["eager"],
        "ratio": seconds["engine"] / seconds["eager"],
        "engine_mb": peak["engine"],
        "eager_mb": peak["eager"],
    }
