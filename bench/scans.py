"""The scans that everything is measured on: drawn ones, of the sizes that devices write, so that no data is needed."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from octcore.phantom import KINDS, bscan, fundus_png_bytes
from octcore.store import Task

SIZES = ((496, 512), (496, 768), (885, 512), (496, 1024))
"""Spectralis' two, Topcon's, and a wide one; rows and columns."""


def scan_file(task: Task, seed: int) -> bytes:
    """A PNG: of a B-scan (kinds and sizes take turns) or of a photograph."""
    if task == "fundus":
        return fundus_png_bytes(seed)
    height, width = SIZES[seed % len(SIZES)]
    out = io.BytesIO()
    Image.fromarray(bscan(KINDS[seed % len(KINDS)], height=height, width=width, seed=seed).pixels).save(out, "PNG")
    return out.getvalue()


def scan_files(task: Task, count: int, folder: Path) -> list[Path]:
    """So many of them in a folder."""
    out = []
    for seed in range(count):
        place = folder / f"{task}-{seed}.png"
        place.write_bytes(scan_file(task, seed))
        out.append(place)
    return out
