"""Files to `Scan`. One `read()` in front; a file a format family behind it."""

from __future__ import annotations

import hashlib

from octcore.readers.images import read_image
from octcore.scan import Scan, ScanError

LARGEST_FILE = 64 * 1024 * 1024
"""Bytes; a B-scan has a few hundred thousand."""


def read(data: bytes, name: str = "") -> Scan:
    """A file's bytes as a scan. ``name`` is not trusted: the content decides what a file is.

    Raises only `ScanError`, with one sentence that says what is wrong.
    """
    if not data:
        raise ScanError("empty", "The file is empty.")
    if len(data) > LARGEST_FILE:
        raise ScanError("too_large", f"The file has {len(data) // 2**20} MB; up to {LARGEST_FILE // 2**20} MB are read.")
    return read_image(data, hashlib.sha256(data).hexdigest())
