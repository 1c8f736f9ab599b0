"""`python -m bench [PART...] [--write]` (`make bench`): measures, prints one Markdown table, writes bench/results.json.

Parts that are not asked for keep the figures of the last run.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from bench.table import into_readme, markdown

FOLDER = Path(__file__).resolve().parent
RESULTS = FOLDER / "results.json"


def _networks() -> Any:
    from bench.networks import measure

    return measure()


def _analyze() -> Any:
    from bench.command_line import measure

    return measure()


def _memory() -> Any:
    from bench.memory import measure

    return measure()


def _server() -> Any:
    from bench.startup import measure

    return measure()


def _people() -> Any:
    from bench.people import measure

    return measure()


def _floor() -> Any:
    from bench.floor import measure

    return measure()


PARTS: dict[str, Callable[[], Any]] = {
    "networks": _networks,
    "analyze": _analyze,
    "memory": _memory,
    "server": _server,
    "people": _people,
    "floor": _floor,
}


def about() -> dict[str, Any]:
    """The machine and its state."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    name = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown processor")
    busy = os.getloadavg()[0]
    load = "nothing else running" if busy < 0.5 else f"load {busy:.1f} before the run"
    return {"processor": name, "cores": len(os.sched_getaffinity(0)), "date": date.today().isoformat(), "load": load}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], metavar="PART", help=f"of {', '.join(PARTS)}; none is all")
    parser.add_argument("--write", action="store_true", help="put the table into README too")
    args = parser.parse_args()
    kept = json.loads(RESULTS.read_text())["parts"] if RESULTS.exists() else {}
    results: dict[str, Any] = {"about": about(), "parts": kept}
    for part in args.parts or PARTS:
        print(f"{part} ...", file=sys.stderr, flush=True)
        results["parts"][part] = PARTS[part]()
        RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    table = markdown(results)
    print(table)
    if args.write:
        into_readme(FOLDER.parent / "README.md", table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
