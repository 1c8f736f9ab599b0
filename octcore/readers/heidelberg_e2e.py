"""Heidelberg's patient archive (.e2e): directories of small records, among them the B-scans of one or several eyes.

oct-converter and eyepy read it with sizes taken on trust, and mix the eyes' sides; here every record is checked against
the file's end, and a side is that of the record's own series. The layout is the one that uocte, LibE2E and eyepy found.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from octcore.readers.binary import millimetres, numbers, pixels, windows_day
from octcore.readers.geometry import Line, layout_of
from octcore.readers.levels import heidelberg_table
from octcore.readers.limits import LARGEST_PIXELS, LARGEST_SLICES, check_volume, check_which, damaged
from octcore.readers.sides import eye_of
from octcore.scan import Laterality, Pattern, Scan, ScanError, Spacing

SIDE_EARLY, SIDE, BSCAN, IMAGE = 3, 11, 10004, 0x40000000
UINT8, UFLOAT16 = 0x02010201, 0x02200201
"""Kinds of pixels: the en-face picture's and the B-scans'."""
MOST_RECORDS, MOST_DIRECTORIES = 400_000, 10_000
MILLIMETRES_A_DEGREE = 0.2896
"""On the retina of an eye of medium length, as HEYEX scales it: the file itself holds degrees."""
PATTERNS: dict[int, Pattern] = {1: "line", 2: "circle", 3: "volume", 4: "volume", 5: "radial"}


@dataclass
class _Series:
    """What one series' records say. ``scans``: slice number to (offset, rows, columns) of uint16."""

    scans: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    lines: dict[int, Line] = field(default_factory=dict)
    en_face: tuple[int, int, int] | None = None
    sizes: tuple[int, int] | None = None
    axial: float | None = None
    filled: int = 0
    pattern: int = 0
    acquired: date | None = None
    side: Laterality | None = None
    early_side: Laterality | None = None


def is_e2e(data: bytes) -> bool:
    """Whether the first bytes are an archive's."""
    return data[:4] == b"CMDb" or data[:21] == b"E2EMultipleVolumeFile"


def read_e2e(data: bytes, sha256: str, which: int = 0) -> Scan:
    """``which``: of several series, that with the most B-scans first. Raises `ScanError`: no_scan, truncated, too_small,
    volume_too_large."""
    skip = 64 if data[:21] == b"E2EMultipleVolumeFile" else 0
    found: dict[tuple[int, int, int], _Series] = {}
    for start, size in _records(data, skip):
        _file_record(data, start + skip, size, found)
    volumes = sorted((item for item in found.items() if item[1].scans), key=lambda item: (-len(item[1].scans), item[0]))
    if not volumes:
        raise ScanError("no_scan", "This archive holds no OCT scan.")
    check_which(which, len(volumes))
    return _scan(data, volumes[which][1], sha256, len(volumes))


def _records(data: bytes, skip: int) -> list[tuple[int, int]]:
    """(start, size) of every record, by the chain of directories from the last to the first."""
    current = numbers(data, skip + 36, "<12sI20s4I")[4]
    seen: set[int] = set()
    records: list[tuple[int, int]] = []
    while current and current not in seen:
        seen.add(current)
        entries, _, previous, _ = numbers(data, current + skip + 36, "<4I")
        if len(records) + entries > MOST_RECORDS or len(seen) > MOST_DIRECTORIES:
            raise damaged()
        table = current + skip + 52
        for k in range(entries):
            position, start, size = numbers(data, table + 44 * k, "<3I")
            if start > position:
                records.append((start, size))
        current = previous
    return records


def _file_record(data: bytes, start: int, size: int, found: dict[tuple[int, int, int], _Series]) -> None:
    """Put one record's content to its series. Records of no use, or past the file's end, are let be."""
    if start + 60 > len(data):
        raise damaged()
    patient, study, number, index, kind, _, type_ = numbers(data, start + 32, "<3IiHHI")
    series = found.setdefault((patient, study, number), _Series())
    body = start + 60
    slice_number = index // 2
    if type_ == IMAGE:
        _, depth, _, rows, columns = numbers(data, body, "<5I")
        kind = {UINT8: 0, UFLOAT16: 1}.get(depth, kind)
        if kind == 1 and rows and columns:
            if len(series.scans) >= LARGEST_SLICES:
                raise damaged()
            series.scans[slice_number] = (body + 20, rows, columns)
        elif kind == 0 and rows and columns and rows * columns <= LARGEST_PIXELS:
            series.en_face = (body + 20, rows, columns)
    elif type_ == BSCAN and size >= 104:
        rows, columns, *ends = numbers(data, body + 4, "<2I4f")
        series.sizes = (rows, columns)
        series.lines[slice_number] = Line(*ends)
        series.axial = millimetres(numbers(data, body + 36, "<f")[0])
        series.filled, _, _, series.pattern = numbers(data, body + 60, "<4I")
        series.acquired = windows_day(numbers(data, body + 88, "<Q")[0])
    elif type_ == SIDE and size >= 15:
        series.side = eye_of(data[body + 14 : body + 15].decode("latin-1"))
    elif type_ == SIDE_EARLY and size >= 5:
        series.early_side = series.early_side or eye_of(data[body + 4 : body + 5].decode("latin-1"))


def _scan(data: bytes, series: _Series, sha256: str, count: int) -> Scan:
    order = sorted(series.scans)
    shapes = [series.scans[k][1:] for k in order]
    rows, columns = max(shapes, key=shapes.count)
    differ = len(set(shapes)) > 1  # a volume and a single scan of another size in one series
    order = [k for k in order if series.scans[k][1:] == (rows, columns)]
    if series.sizes == (columns, rows):  # written the other way round by some versions
        rows, columns = columns, rows
    check_volume(len(order), rows, columns)
    for k in order:  # all of it is there, before room is made for it
        pixels(data, series.scans[k][0], "<u2", (rows, columns))
    grey, empty = heidelberg_table()
    volume = np.empty((len(order), rows, columns), np.uint8)
    no_data = np.empty(volume.shape, bool)
    for k, number in enumerate(order):
        raw = pixels(data, series.scans[number][0], "<u2", (rows, columns))
        volume[k], no_data[k] = grey[raw], empty[raw]
    lines = [series.lines[k] for k in order if k in series.lines]
    pattern, apart = layout_of(lines, MILLIMETRES_A_DEGREE) if len(lines) == len(order) else ("unknown", None)
    pattern = PATTERNS.get(series.pattern, pattern)
    lateral = _lateral(series, lines, columns) if pattern != "circle" else None
    spacing = Spacing(apart if pattern in ("volume", "unknown") and len(order) > 1 else None, series.axial, lateral)
    warnings = ["spacing_estimated"] if spacing.lateral or spacing.slice else []
    if differ:
        warnings.append("slices_differ")
    if count > 1:
        warnings.append("several_series")
    return Scan.of_slices(
        volume,
        no_data,
        sha256=sha256,
        format="E2E",
        spacing_mm=spacing,
        laterality=series.side or series.early_side,
        en_face=_en_face(data, series),
        pattern=pattern,
        device="Heidelberg Spectralis",
        acquired=series.acquired,
        series=count,
        warnings=tuple(warnings),
    )


def _lateral(series: _Series, lines: list[Line], columns: int) -> float | None:
    """Degrees along a B-scan over its columns that hold A-scans, in millimetres."""
    if not lines:
        return None
    across = float(np.hypot(lines[0].end_x - lines[0].start_x, lines[0].end_y - lines[0].start_y))
    filled = series.filled if 0 < series.filled <= columns else columns
    return millimetres(across / filled * MILLIMETRES_A_DEGREE)


def _en_face(data: bytes, series: _Series) -> NDArray[np.uint8] | None:
    if series.en_face is None:
        return None
    offset, rows, columns = series.en_face
    if offset + rows * columns > len(data):
        return None
    return pixels(data, offset, np.uint8, (rows, columns)).copy()
