"""1, 8 and 32 people at once at the real server: from the upload's beginning until the scan with its heat map is there.

All of a round drop a new scan at the same moment; the people share the machine's cores with the server.
"""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path
from typing import Any

from bench.person import Failed, Person
from bench.scans import scan_file
from bench.server import Server, cookies, served
from bench.timing import quantile

ROUNDS = {1: 12, 8: 4, 32: 2}
VIEWER = "oct_studio_viewer"


def measure(rounds: dict[int, int] | None = None) -> list[dict[str, Any]]:
    """For each number of people: p50 and p95 in seconds, how many got no result, and p95 over the lone p50."""
    rounds = rounds or ROUNDS
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        tokens = cookies(home, max(rounds))
        with served(home) as server:
            found = asyncio.run(_all(server, tokens, rounds))
    alone = found[0]["p50"]
    return [{**one, "p95_over_lone_p50": one["p95"] / alone} for one in found]


async def _all(server: Server, tokens: list[str], rounds: dict[int, int]) -> list[dict[str, Any]]:
    seeds = count()
    async with Person(server.port, tokens[0]) as first:  # the models load at somebody's first scan
        await first.open()
        await first.open("oct")
        await first.drop("first.png", scan_file("oct", next(seeds)), VIEWER)
    out = []
    for people, times in sorted(rounds.items()):
        drops = [[scan_file("oct", next(seeds)) for _ in range(people)] for _ in range(times)]
        out.append(await _at_once(server, tokens[:people], drops))
    return out


async def _at_once(server: Server, tokens: list[str], drops: list[list[bytes]]) -> dict[str, Any]:
    taken: list[float] = []
    errors: list[str] = []

    async def one(person: Person, data: bytes, name: str) -> None:
        try:
            taken.append(await person.drop(name, data, VIEWER))
        except (Failed, OSError, TimeoutError) as error:
            errors.append(f"{type(error).__name__}: {error}")

    async with AsyncExitStack() as stack:
        people = [await stack.enter_async_context(Person(server.port, token)) for token in tokens]
        for person in people:
            await person.open("oct")
        for turn, files in enumerate(drops):
            await asyncio.gather(*(one(p, data, f"scan-{turn}.png") for p, data in zip(people, files, strict=True)))
    quantiles = (
        {"p50": quantile(taken, 0.5), "p95": quantile(taken, 0.95)} if taken else {"p50": float("nan"), "p95": float("nan")}
    )
    return {"people": len(tokens), "scans": len(taken), **quantiles, "errors": len(errors), "first_errors": errors[:3]}
