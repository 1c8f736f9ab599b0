"""Files that are looked at again and again: read once."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from octcore.readers import read
from octcore.scan import Scan


@st.cache_resource(max_entries=2, show_spinner=False)
def opened(data: bytes, name: str) -> Scan:
    """The scan in a file's bytes; nobody changes it. Raises `ScanError`."""
    return read(data, name)


def slice_of(scan: Scan, index: int) -> NDArray[np.uint8]:
    """One B-scan's pixels, uint8 (H, W)."""
    return scan.at(index).grey
