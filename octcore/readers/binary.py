"""Reads numbers, texts and pixels out of a file's bytes; whatever lies outside of them is a damaged file."""

from __future__ import annotations

import math
import struct
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from octcore.readers.limits import damaged


def numbers(data: bytes, offset: int, layout: str) -> tuple[Any, ...]:
    """The fields of a `struct` layout at ``offset``. Raises `ScanError` (truncated) where the data end before it."""
    if offset < 0 or offset + struct.calcsize(layout) > len(data):
        raise damaged()
    return struct.unpack_from(layout, data, offset)


def part(data: bytes, offset: int, length: int) -> bytes:
    """``length`` bytes at ``offset``. Raises `ScanError` (truncated) where the data end before that."""
    if offset < 0 or length < 0 or offset + length > len(data):
        raise damaged()
    return data[offset : offset + length]


def pixels(data: bytes, offset: int, dtype: DTypeLike, shape: tuple[int, ...]) -> NDArray[Any]:
    """An array over the bytes at ``offset`` (read-only, not copied). Raises `ScanError` (truncated)."""
    kind = np.dtype(dtype)
    count = math.prod(shape)
    if offset < 0 or count < 1 or offset + count * kind.itemsize > len(data):
        raise damaged()
    return np.frombuffer(data, kind, count, offset).reshape(shape)


def text(raw: bytes, encoding: str = "latin-1") -> str:
    """A zero-terminated text, without what cannot be printed, at most 64 characters."""
    words = raw.decode(encoding, errors="ignore").split("\0", 1)[0]
    return "".join(c for c in words if c.isprintable()).strip()[:64]


def millimetres(value: object) -> float | None:
    """A distance that can be one between two pixels of an eye (0.1 um to 5 mm), or None."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and 1e-4 <= number <= 5 else None


def day(year: object, month: object, of_month: object) -> date | None:
    """A date that can be a scan's (1985 to 2100), or None."""
    try:
        found = date(int(year), int(month), int(of_month))  # type: ignore[call-overload]
    except (TypeError, ValueError, OverflowError):
        return None
    return found if 1985 <= found.year <= 2100 else None


def windows_day(ticks: int) -> date | None:
    """The date of a Windows file time (100 ns since 1601)."""
    try:
        found = date(1601, 1, 1) + timedelta(microseconds=ticks // 10)
    except (OverflowError, ValueError):
        return None
    return day(found.year, found.month, found.day)
