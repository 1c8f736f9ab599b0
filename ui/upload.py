"""What a page of scans begins with: the place to drop files, and synthetic ones for a visitor without."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from octcore.phantom import KINDS, png_bytes
from octcore.readers import EXTENSIONS, bundles, pack
from octcore.readers.archive import natural
from ui.carry import Drop, carried
from ui.words import t

TYPES = list(EXTENSIONS)
"""What may be dropped, by ending; the content decides what a file is."""

PICTURES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp")
"""Endings of what may be one slice of a volume."""


@dataclass(frozen=True)
class Trial:
    """A synthetic scan: the button's text, the file's name, and what draws the file."""

    text: str
    name: str
    draw: Callable[[], bytes]


B_SCANS = tuple(Trial(kind, f"synthetic-{kind}.png", partial(png_bytes, kind, seed=1)) for kind in KINDS)


def dropped(uploads: list[UploadedFile], page: str, trials: Sequence[Trial], words: str, volumes: bool) -> list[Drop]:
    """The files to read now: those that were dropped or taken along, else the synthetic one that was asked for here."""
    st.caption(t(f"{words}.try"))
    tried = f"{page}_tried"
    with st.container(horizontal=True):
        for trial in trials:
            if st.button(trial.text, key=f"try-{Path(trial.name).stem.removeprefix('synthetic-')}"):
                st.session_state[tried] = trial.name
    files = [*carried(page), *_as_scans(uploads)]
    if files:
        st.session_state.pop(tried, None)
        return _pictures_together(files, page) if volumes else files
    for trial in trials:
        if st.session_state.get(tried) == trial.name:
            return [(trial.name, trial.name, trial.draw())]
    st.info(t(f"{words}.nothing"))
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
