"""The server's start until a person has the first page, and its memory when every model has answered somebody."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from bench.person import Person
from bench.scans import scan_file
from bench.server import cookies, resident_mb, served
from octcore import models
from octcore.store import Task

PAGES: dict[Task, tuple[str, str]] = {
    "oct": ("oct", "oct_studio_viewer"),
    "fundus": ("fundus", "oct_studio_viewer"),
    "segment": ("segmentation", "oct_studio_layers"),
}
"""A task's page and the component that shows its result."""


def measure(rounds: int = 3) -> dict[str, Any]:
    """``first_page_s``: the median of several starts; ``resident_mb``: bare, and after a scan on every page."""
    first: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        (token,) = cookies(home, 1)
        for turn in range(rounds):
            with served(home) as server:
                asyncio.run(_open(server.port, token))
                first.append(time.perf_counter() - server.started)
                if turn == rounds - 1:
                    bare = resident_mb(server.pid)
                    asyncio.run(_every_page(server.port, token))
                    full = resident_mb(server.pid)
    return {"first_page_s": median(first), "bare_mb": bare, "all_models_mb": full}


async def _open(port: int, token: str) -> None:
    async with Person(port, token) as person:
        await person.open()


async def _every_page(port: int, token: str) -> None:
    served_tasks = {info.task for info in models.catalogue()}
    async with Person(port, token) as person:
        for task, (page, viewer) in PAGES.items():
            if task in served_tasks:
                await person.open(page)
                await person.drop(f"{task}.png", scan_file("fundus" if task == "fundus" else "oct", 5), viewer)
