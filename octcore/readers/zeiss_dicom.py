"""What Zeiss' devices do to their DICOM files unless told otherwise: parts of every JPEG 2000 frame are moved and every seventh
byte is masked, and texts go on behind their end.

How, the field found out on its own files (pydicom's discussion 1618; OCT-Converter reads macular cubes so). Newer angiography
is said to be masked otherwise; it is refused.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

MASK, EVERY = 0x5A, 7
SIGNATURE = b"\0\0\0\x0cjP  "
"""With which a .jp2 file begins."""
CUTS = (0, 23, 276, 763, 993, 1016)
FIRST = 253
"""So many bytes of the true beginning lie together, somewhere behind the cuts."""
ORDER = (6, 4, 2, 1, 5, 0, 3, 7)
"""The parts between the cuts, that beginning's start and its end, as they belong."""
LONGEST_TEXT = 4096
TEXTS = frozenset(("AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UI", "UT"))


def is_zeiss(one: Dataset) -> bool:
    """Whether its header names Zeiss as the maker."""
    return "zeiss" in str(one.get("Manufacturer")).lower()


def end_texts(one: Dataset) -> None:
    """Cut every text at its first zero, in place; numbers between commas become the standard's. Nothing else is touched."""
    from pydicom.datadict import dictionary_VR
    from pydicom.dataelem import RawDataElement

    for tag in list(one.keys()):
        raw = one.get_item(tag)
        if not isinstance(raw, RawDataElement) or not raw.value or len(raw.value) > LONGEST_TEXT:
            continue
        try:
            kind = raw.VR or dictionary_VR(tag)
        except KeyError:  # private
            continue
        if kind in TEXTS:
            words = raw.value.split(b"\0", 1)[0]
            words = words.replace(b",", b"\\") if kind in ("DS", "IS") else words
            if words != raw.value:
                one[tag] = raw._replace(value=words, length=len(words))


def in_order(frame: bytes) -> bytes | None:
    """A frame's .jp2 file as it was before the device moved its parts; None where it is no such frame."""
    values = np.frombuffer(frame, np.uint8).copy()
    values[::EVERY] ^= MASK
    moved = values.tobytes()
    first = moved.find(SIGNATURE)
    if first < CUTS[-1] or first + FIRST > len(moved):
        return None
    cuts = (*CUTS, first, first + FIRST, len(moved))
    parts = [moved[start:end] for start, end in pairwise(cuts)]
    return b"".join(parts[k] for k in ORDER)
