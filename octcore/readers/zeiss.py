"""Zeiss Cirrus' research export (.img): bytes and nothing else. Sizes, side and date are in the file's name only."""

from __future__ import annotations

import re

import numpy as np

from octcore.readers.binary import day
from octcore.readers.limits import check_volume
from octcore.readers.sides import eye_in
from octcore.scan import Scan, ScanError, Spacing

KNOWN = {
    512 * 1024 * 128: (128, 1024, 512, True),
    200 * 1024 * 200: (200, 1024, 200, True),
    1024 * 1024 * 21: (21, 1024, 1024, False),
    1024 * 1024 * 5: (5, 1024, 1024, False),
    4096 * 1024 * 5: (5, 1024, 4096, False),
}
"""Bytes to (slices, rows, columns, whether it is a cube of 6 x 6 x 2 mm)."""
CUBE_MM = (6.0, 2.0, 6.0)
"""Slices, rows, columns of a macular or optic disc cube."""


def is_cirrus(name: str) -> bool:
    """By its name: the content has no mark."""
    return name.lower().endswith(".img")


def read_cirrus(data: bytes, name: str, sha256: str) -> Scan:
    """Raises `ScanError`: truncated where the size fits no scan that Cirrus exports, too_small, volume_too_large.

    The A-scans of a frame lie side by side, the deepest row first and mirrored: oct-converter shows frames transposed.
    """
    slices, rows, columns, cube = _sizes(len(data), name)
    check_volume(slices, rows, columns)
    raw = np.frombuffer(data, np.uint8).reshape(slices, rows, columns)
    volume = np.ascontiguousarray(raw[:, ::-1, ::-1])
    spacing = Spacing()
    if cube:  # from the first voxel's centre to the last one's
        apart, axial, lateral = (mm / max(1, n - 1) for mm, n in zip(CUBE_MM, volume.shape, strict=True))
        spacing = Spacing(apart, axial, lateral)
    when = re.search(r"(?<!\d)(\d{1,2})-(\d{1,2})-(\d{4})_", name)
    return Scan.of_slices(
        volume,
        sha256=sha256,
        format="IMG",
        spacing_mm=spacing,
        laterality=eye_in(name),
        pattern="volume" if cube else "unknown",
        device="Zeiss Cirrus",
        acquired=(day(when[3], when[1], when[2]) or day(when[3], when[2], when[1])) if when else None,
        warnings=("spacing_assumed",) if cube else (),
    )


def _sizes(length: int, name: str) -> tuple[int, int, int, bool]:
    claimed = re.search(r"Cube[ _]?(\d{2,4})x(\d{1,4})", name, re.IGNORECASE)
    if claimed:
        columns, slices = int(claimed[1]), int(claimed[2])
        if columns and slices and length and length % (columns * slices) == 0:
            return slices, length // (columns * slices), columns, True
    if length in KNOWN:
        return KNOWN[length]
    raise ScanError("truncated", f"{length} bytes are no scan that Cirrus exports; the file is cut, or of another kind.")
