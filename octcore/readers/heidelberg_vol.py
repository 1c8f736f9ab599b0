"""Heidelberg Spectralis' raw export (.vol): line, circle, star and volume scans.

eyepy refuses circles and stars (patterns 2 and 5), so this reads the published layout itself: a header of 2,048 bytes,
the en-face picture, then for each B-scan a header and 4-byte floats.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from octcore.readers.binary import day, millimetres, numbers, pixels, windows_day
from octcore.readers.geometry import Line, layout_of
from octcore.readers.levels import heidelberg
from octcore.readers.limits import LARGEST_PIXELS, check_volume, damaged
from octcore.readers.sides import eye_of
from octcore.scan import Pattern, Scan, Spacing

HEADER = "<12sIIIdddIIddId4sQiI16s16sI24sdI24sd"
PATTERNS: dict[int, Pattern] = {1: "line", 2: "circle", 3: "volume", 4: "volume", 5: "radial"}


def is_vol(data: bytes) -> bool:
    """HEYEX writes HSF-OCT-..., eyepy ep-v..."""
    return data[:7] == b"HSF-OCT" or (data[:4] == b"ep-v" and len(data) >= 2048)


def read_vol(data: bytes, sha256: str) -> Scan:
    """Raises `ScanError`: truncated, too_small, volume_too_large. Bytes after the last B-scan are let be."""
    (
        _, width, slices, height, lateral, distance, axial, slo_width, slo_height, _, _, _, _, eye, exam, pattern, skip,
        _, _, _, _, _, _, _, visit,
    ) = numbers(data, 0, HEADER)  # fmt: skip
    check_volume(slices, height, width)
    if slo_width * slo_height > LARGEST_PIXELS:
        raise damaged()
    starts = _starts(data, 2048 + slo_width * slo_height, slices, skip, width * height * 4)
    volume = np.empty((slices, height, width), np.uint8)
    no_data = np.empty((slices, height, width), bool)
    lines: list[Line] = []
    for k, (header, body) in enumerate(starts):
        lines.append(Line(*numbers(data, header + 16, "<4d")))
        volume[k], no_data[k] = heidelberg(pixels(data, body, "<f4", (height, width)))
    kind, measured = layout_of(lines)
    kind = PATTERNS.get(pattern, kind)
    apart = (millimetres(distance) or measured) if kind in ("volume", "unknown") and slices > 1 else None
    en_face: NDArray[np.uint8] | None = None
    if slo_width * slo_height:
        en_face = pixels(data, 2048, np.uint8, (slo_height, slo_width)).copy()
    return Scan.of_slices(
        volume,
        no_data,
        sha256=sha256,
        format="VOL",
        spacing_mm=Spacing(apart, millimetres(axial), millimetres(lateral)),
        laterality=eye_of(eye[:2].decode("latin-1")),
        en_face=en_face,
        pattern=kind,
        device="Heidelberg Spectralis",
        acquired=windows_day(exam) or _ole_day(visit),
    )


def _starts(data: bytes, at: int, slices: int, skip: int, length: int) -> list[tuple[int, int]]:
    """Where each B-scan's header and its pixels begin; all of them are there, before room is made for them.

    A B-scan says its header's size itself; where it does not (older exports), the file's header does.
    """
    found = []
    for _ in range(slices):
        (own,) = numbers(data, at + 12, "<I")
        body = at + (own if 256 <= own <= 2**26 else skip)
        if body < at + 256 or body + length > len(data):
            raise damaged()
        found.append((at, body))
        at = body + length
    return found


def _ole_day(days: float) -> date | None:
    try:
        found = date(1899, 12, 30) + timedelta(days=days)
    except (OverflowError, ValueError):
        return None
    return day(found.year, found.month, found.day)
