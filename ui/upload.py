"""What a page of scans begins with: the place to drop files, and synthetic ones for a visitor without."""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from octcore.phantom import KINDS, png_bytes
from octcore.readers import EXTENSIONS, bundles, pack
from octcore.readers.archive import natural
from ui.words import t

TYPES = list(EXTENSIONS)
"""What may be dropped, by ending; the content decides what a file is."""

PICTURES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp")
"""Endings of what may be one slice of a volume."""

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
        return _pictures_together(_as_scans(uploads), page)
    if tried in st.session_state:
        kind = st.session_state[tried]
        return [(f"synthetic-{kind}", f"synthetic-{kind}.png", png_bytes(kind, seed=1))]
    st.info(t("oct.nothing"))
    return []


def _pictures_together(drops: list[Drop], page: str) -> list[Drop]:
    """Several pictures are several scans, unless the person says that they are one volume: nothing in them does."""
    pictures = [drop for drop in drops if drop[1].lower().endswith(PICTURES)]
    if len(pictures) < 2 or len({name for _, name, _ in pictures}) < len(pictures):
        return drops
    ids = "+".join(sorted(drop for drop, _, _ in pictures))
    key = f"{page}_one_volume"
    if st.session_state.get(key) != ids:
        if st.button(t("volume.as_one", count=len(pictures)), key=f"{page}-as-one", icon=":material/layers:"):
            st.session_state[key] = ids
            st.rerun()
        return drops
    if st.button(t("volume.as_single"), key=f"{page}-as-single", icon=":material/filter_none:"):
        del st.session_state[key]
        st.rerun()
    packed = pack([(name, data) for _, name, data in pictures])
    first = min((name for _, name, _ in pictures), key=natural)
    return [*(drop for drop in drops if drop not in pictures), (ids, f"{first}.zip", packed)]


def _as_scans(uploads: list[UploadedFile]) -> list[Drop]:
    """Files that are one scan together (an XML export with its pictures, an .OCT with its .txt, DICOM files of one
    examination) as one ZIP by the first one's name; every other file by itself."""
    given = [(upload.name, upload.getvalue()) for upload in uploads]
    ids = {name: upload.file_id for (name, _), upload in zip(given, uploads, strict=True)}
    if len(ids) < len(given):  # two files of one name: nothing tells companions apart, so each is a scan of its own
        return [(upload.file_id, upload.name, upload.getvalue()) for upload in uploads]
    out: list[Drop] = []
    for bundle in bundles(given):
        first = bundle[0][0]
        if len(bundle) == 1:
            out.append((ids[first], first, bundle[0][1]))
        else:
            out.append(("+".join(ids[name] for name, _ in bundle), f"{first}.zip", pack(bundle)))
    return out
