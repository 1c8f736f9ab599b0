"""Optovue's .OCT: 4-byte floats and nothing else; a .txt of the same name says the sizes."""

from __future__ import annotations

import re
from datetime import date

import numpy as np

from octcore.readers.binary import day, pixels
from octcore.readers.levels import eight_bits
from octcore.readers.limits import LARGEST_SLICES, check_volume, check_which, damaged
from octcore.scan import Laterality, Scan, ScanError


def is_optovue(words: bytes) -> bool:
    """Whether a text is such a description."""
    return b"Window Height" in words and b"Scan Length" in words


def read_optovue(data: bytes, words: bytes, name: str, sha256: str, which: int = 0) -> Scan:
    """``which``: of several scans, in the file's order. Raises `ScanError`: truncated, too_small, volume_too_large,
    several_scans, no_scan.

    The description's "physical video width" is the camera's: oct-converter calls it the B-scans' spacing, this does not.
    It also reads every scan from the file's beginning; here they follow each other.
    """
    if len(words) > 2**20:
        raise damaged()
    lines = words.decode("latin-1").splitlines()
    sizes: list[tuple[int, int, int]] = []
    height, eye = 0, None
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if "Window Height" in line:
            height = _first_number(line)
        elif "Scan Length" in line and "Scan Usage" in following:
            sizes.append((_first_number(following), height, _first_number(line)))
        elif "Eye Scanned" in line:
            eyes: dict[str, Laterality] = {"OD": "OD", "OS": "OS"}
            eye = next((eyes[e] for e in eyes if e in line), eye)
    if not sizes or len(sizes) > LARGEST_SLICES:
        raise damaged()
    check_which(which, len(sizes))
    offset = sum(4 * n * rows * columns for n, rows, columns in sizes[:which])
    slices, rows, columns = sizes[which]
    check_volume(slices, rows, columns)
    raw = pixels(data, offset, "<f4", (slices, columns, rows))
    volume = eight_bits(np.ascontiguousarray(raw.transpose(0, 2, 1)[:, ::-1]))  # A-scan by A-scan, the deepest first
    return Scan.of_slices(
        volume,
        sha256=sha256,
        format="OCT",
        laterality=eye,
        pattern="volume" if slices > 1 else "line",
        device="Optovue",
        acquired=_day(name),
        series=len(sizes),
        warnings=("several_series",) if len(sizes) > 1 else (),
    )


def companion_missing() -> ScanError:
    """The error for such a file alone."""
    return ScanError("missing_files", "An Optovue .OCT file needs the .txt file beside it; drop both together.")


def _first_number(line: str) -> int:
    found = re.search(r"(?<![\w.])(\d{1,6})(?![\w.])", line.rsplit("=", maxsplit=1)[-1])
    return int(found[1]) if found else 0


def _day(name: str) -> date | None:
    found = re.search(r"(\d{4})-(\d{1,2})-(\d{1,2})", name)
    return day(found[1], found[2], found[3]) if found else None
