"""Bioptigen's .OCT: named fields, then frames of uint16, A-scan by A-scan."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np

from octcore.readers.binary import day, millimetres, numbers, part, pixels
from octcore.readers.levels import eight_bits
from octcore.readers.limits import check_volume, damaged
from octcore.readers.sides import eye_in
from octcore.scan import Pattern, Scan, Spacing

WHOLE = {b"FRAMECOUNT", b"LINECOUNT", b"LINELENGTH", b"SAMPLEFORMAT", b"SCANTYPE", b"SCANS", b"FRAMES", b"DOPPLERFLAG"}
REAL = {b"SCANDEPTH", b"SCANLENGTH", b"AZSCANLENGTH", b"ELSCANLENGTH", b"XMIN", b"XMAX", b"YMIN", b"YMAX"}
PATTERNS: dict[int, Pattern] = {0: "line", 1: "volume", 2: "circle", 3: "radial"}


def is_bioptigen(data: bytes) -> bool:
    """A magic number and a version, then the field FRAMEHEADER."""
    return data[6:21] == b"\x0b\0\0\0FRAMEHEADER"


def read_bioptigen(data: bytes, name: str, sha256: str) -> Scan:
    """The file says no side; a name with OD or OS does. Raises `ScanError`: truncated, too_small, volume_too_large."""
    header, at = _fields(data, 25)
    slices, columns, rows = (header.get(key, 0) for key in (b"FRAMECOUNT", b"LINECOUNT", b"LINELENGTH"))
    check_volume(slices, rows, columns)
    if at + slices * rows * 2 > len(data):  # frames may have fewer lines, but not none: no room is made for a mere claim
        raise damaged()
    raw = np.zeros((slices, rows, columns), np.uint16)
    acquired: date | None = None
    for k in range(slices):
        at, lines, samples, when = _frame(data, at, columns)
        if lines > columns:
            raise damaged()
        frame = pixels(data, samples, "<u2", (lines, rows))
        raw[k, :, :lines] = frame.T  # stored A-scan by A-scan: oct-converter leaves them lying
        acquired = acquired or when
    volume = eight_bits(raw)
    pattern = PATTERNS.get(header.get(b"SCANTYPE", -1), "unknown")
    spacing = Spacing(
        millimetres(header.get(b"ELSCANLENGTH", 0) / slices) if slices > 1 and pattern in ("volume", "unknown") else None,
        millimetres(header.get(b"SCANDEPTH", 0) / rows),
        millimetres((header.get(b"AZSCANLENGTH") or header.get(b"SCANLENGTH", 0)) / columns),
    )
    return Scan.of_slices(
        volume,
        sha256=sha256,
        format="OCT",
        spacing_mm=spacing,
        laterality=eye_in(name),
        pattern=pattern,
        device="Bioptigen",
        acquired=acquired,
    )


def _fields(data: bytes, at: int) -> tuple[dict[bytes, Any], int]:
    """The header's numbers, and where the first frame begins."""
    found: dict[bytes, Any] = {}
    for _ in range(64):
        key, value, length, after = _field(data, at)
        if key == b"":
            return found, after
        if key == b"FRAMEDATA":
            return found, at
        if key in WHOLE and length >= 4:
            found[key] = numbers(data, value, "<I")[0]
        elif key in REAL and length >= 8:
            found[key] = numbers(data, value, "<d")[0]
        at = after
    raise damaged()


def _frame(data: bytes, at: int, columns: int) -> tuple[int, int, int, date | None]:
    """(after the frame, its A-scans, where its samples lie, its date)."""
    key, at, _, _ = _field(data, at)
    if key != b"FRAMEDATA":
        raise damaged()
    lines, samples, when = columns, -1, None
    for _ in range(64):
        if at + 4 > len(data):
            break
        key, value, length, after = _field(data, at)
        if key == b"FRAMEDATA":
            break
        if key == b"":
            at = after
            break
        if key == b"FRAMEDATETIME" and length >= 8:
            year, month, _, of_month = numbers(data, value, "<4H")
            when = day(year, month, of_month)
        elif key == b"FRAMELINES" and length >= 4:
            lines = numbers(data, value, "<I")[0] or columns
        elif key == b"FRAMESAMPLES":
            samples = value
        at = after
    if samples < 0:
        raise damaged()
    return at, lines, samples, when


def _field(data: bytes, at: int) -> tuple[bytes, int, int, int]:
    """(name, where its value begins, the value's length, where the next field begins). An empty name ends a list."""
    (length,) = numbers(data, at, "<I")
    if length == 0:
        return b"", at, 0, at + 4
    if length > 64:
        raise damaged()
    key = part(data, at + 4, length)
    (size,) = numbers(data, at + 4 + length, "<I")
    value = at + 8 + length
    after = value if key == b"FRAMEDATA" else value + size
    if after > len(data):
        raise damaged()
    return key, value, size, after
