"""Topcon's .fda (JPEG 2000 frames) and .fds (raw frames): a list of named chunks.

oct-converter takes the chunks' sizes on trust and lists spacings as width, slice, height; here they are named.
"""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from octcore.readers.binary import day, millimetres, numbers, part, pixels, text
from octcore.readers.images import open_picture, rendered, stored
from octcore.readers.levels import eight_bits
from octcore.readers.limits import LARGEST_PIXELS, check_volume, damaged
from octcore.scan import Laterality, Pattern, Scan, ScanError, Spacing

Chunks = dict[bytes, tuple[int, int]]
PATTERNS: dict[int, Pattern] = {0: "line", 1: "circle", 2: "volume", 3: "radial"}
MOST_CHUNKS = 4096
CODECS = ("JPEG2000", "JPEG", "BMP", "PNG", "TIFF")


def is_topcon(data: bytes) -> bool:
    """FOCT, then FDA, FDS or FAA (external fixation)."""
    return data[:4] == b"FOCT" and data[4:7] in (b"FDA", b"FDS", b"FAA")


def read_topcon(data: bytes, sha256: str) -> Scan:
    """Raises `ScanError`: no_scan, truncated, too_small, volume_too_large."""
    chunks = _chunks(data)
    mode, volume = _volume(data, chunks)
    slices, _, width = volume.shape
    pattern = PATTERNS.get(mode, "unknown")
    eye, acquired = _capture(data, chunks)
    return Scan.of_slices(
        volume,
        sha256=sha256,
        format=data[4:7].decode(),
        spacing_mm=_spacing(data, chunks, pattern, slices, width),
        laterality=eye,
        en_face=_en_face(data, chunks),
        pattern=pattern,
        device=_device(data, chunks),
        acquired=acquired,
    )


def _chunks(data: bytes) -> Chunks:
    """Name to (offset, size) of each chunk's first occurrence."""
    found: Chunks = {}
    at, seen = 15, 0
    while at < len(data) and data[at] and seen < MOST_CHUNKS:
        name = part(data, at + 1, data[at])
        (size,) = numbers(data, at + 1 + data[at], "<I")
        start = at + 5 + data[at]
        part(data, start, min(size, 1))
        if start + size > len(data):
            raise damaged()
        found.setdefault(name, (start, size))
        at, seen = start + size, seen + 1
    return found


def _volume(data: bytes, chunks: Chunks) -> tuple[int, NDArray[np.uint8]]:
    """The scan's mode and uint8 (slices, H, W), from whichever chunk holds it."""
    if b"@IMG_JPEG" in chunks:
        return _compressed(data, *chunks[b"@IMG_JPEG"])
    for name, header in ((b"@IMG_SCAN_03", 22), (b"@IMG_SCAN_02", 30), (b"@IMG_MOT_COMP_03", 22)):
        if name in chunks:
            start, size = chunks[name]
            mode, width, height, _, slices = numbers(data, start, "<B4I")
            check_volume(slices, height, width)
            if header + slices * height * width * 2 > size:
                raise damaged()
            return mode, eight_bits(pixels(data, start + header, "<u2", (slices, height, width)))
    raise ScanError("no_scan", "This file holds no OCT scan.")


def _compressed(data: bytes, start: int, size: int) -> tuple[int, NDArray[np.uint8]]:
    mode, _, _, width, height, slices, _ = numbers(data, start, "<B6I")
    check_volume(slices, height, width)
    at, end = start + 25, start + size
    frames = []
    for _ in range(slices):  # all of them are there and of the claimed size, before one is decoded
        (length,) = numbers(data, at, "<I")
        if at + 4 + length > end:
            raise damaged()
        picture = open_picture(part(data, at + 4, length), CODECS)
        if picture.size != (width, height):
            raise damaged()
        frames.append(picture)
        at += 4 + length
    volume: NDArray[Any] | None = None
    for k, picture in enumerate(frames):
        try:
            one = stored(picture)
        except Exception as error:  # decoders raise whatever they like
            raise damaged() from error
        one = one.max(axis=2) if one.ndim == 3 else one
        if volume is None:
            volume = np.empty((slices, height, width), one.dtype)
        if one.dtype != volume.dtype:
            raise damaged()
        volume[k] = one
        picture.close()
    assert volume is not None
    return mode, eight_bits(volume)


def _spacing(data: bytes, chunks: Chunks, pattern: Pattern, slices: int, width: int) -> Spacing:
    for name, offset in ((b"@PARAM_SCAN_04", 12), (b"@PARAM_SCAN_02", 21)):
        if name in chunks and chunks[name][1] >= offset + 24:
            across, down, axial_um = numbers(data, chunks[name][0] + offset, "<3d")
            around = math.pi if pattern == "circle" else 1.0  # a circle's size is its diameter
            apart = millimetres(down / slices) if slices > 1 and pattern in ("volume", "unknown") else None
            return Spacing(apart, millimetres(axial_um / 1000), millimetres(across * around / width))
    return Spacing()


def _capture(data: bytes, chunks: Chunks) -> tuple[Laterality | None, date | None]:
    for name, offset in ((b"@CAPTURE_INFO_02", 106), (b"@CAPTURE_INFO", 1)):
        if name in chunks and chunks[name][1] >= offset + 6:
            start = chunks[name][0]
            eyes: dict[int, Laterality] = {0: "OD", 1: "OS"}
            return eyes.get(data[start]), day(*numbers(data, start + offset, "<3H"))
    return None, None


def _device(data: bytes, chunks: Chunks) -> str:
    for name in (b"@HW_INFO_03", b"@HW_INFO_02", b"@HW_INFO_01"):
        if name in chunks and chunks[name][1] >= 16:
            return f"Topcon {text(part(data, chunks[name][0], 16))}".strip()
    return "Topcon"


def _en_face(data: bytes, chunks: Chunks) -> NDArray[np.uint8] | None:
    """The camera's picture, RGB or grey. Files store red and blue either way: a retina is redder than blue."""
    try:
        picture = _photograph(data, chunks)
    except Exception:  # the B-scans are what was asked for
        return None
    if picture is not None and picture.ndim == 3 and picture[..., 2].mean() > picture[..., 0].mean():
        picture = np.ascontiguousarray(picture[..., ::-1])
    return picture


def _photograph(data: bytes, chunks: Chunks) -> NDArray[np.uint8] | None:
    for name, layout in ((b"@IMG_FUNDUS", "<4I4sI"), (b"@IMG_TRC_02", "<4IBI"), (b"@IMG_OBS", "<4IBI")):
        if name not in chunks:
            continue
        start = chunks[name][0]
        width, height, bits, _, _, size = numbers(data, start, layout)
        if not 0 < width * height <= LARGEST_PIXELS:
            continue
        body = start + (24 if name == b"@IMG_FUNDUS" else 21)
        if size == width * height * 3:
            return pixels(data, body, np.uint8, (height, width, 3)).copy()
        if size == width * height and bits == 8:
            return pixels(data, body, np.uint8, (height, width)).copy()
        picture = open_picture(part(data, body, size), CODECS)
        if picture.size == (width, height):
            return rendered(picture)[0]
    return None
