"""What a page of scans begins with: the place to drop files, and synthetic ones for a visitor without."""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from octcore.phantom import KINDS, png_bytes
from ui.words import t

TYPES = ["jpg", "jpeg", "png", "tif", "tiff", "bmp", "webp"]

Drop = tuple[str, str, bytes]
"""An id (each drop has its own, also of the same file: a rerun is no second drop), the file's name, its bytes."""


def dropped(uploads: list[UploadedFile], page: str) -> list[Drop]:
    """The files to read now: those that were dropped, else the synthetic scan that was asked for on this page."""
    st.caption(t("oct.try"))
    tried = f"{page}_tried"
    with st.container(horizontal=True):
        for kind in KINDS:
            if st.button(kind, key=f"try-{kind}"):
                st.session_state[tried] = kind
    if uploads:
        st.session_state.pop(tried, None)
        return [(upload.file_id, upload.name, upload.getvalue()) for upload in uploads]
    if tried in st.session_state:
        kind = st.session_state[tried]
        return [(f"synthetic-{kind}", f"synthetic-{kind}.png", png_bytes(kind, seed=1))]
    st.info(t("oct.nothing"))
    return []
