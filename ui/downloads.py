"""A row of buttons that download what is shown. Each file is made when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from octcore.store import Result
from ui.words import t

PNG, CSV, NPZ = "image/png", "text/csv", "application/octet-stream"


@dataclass(frozen=True)
class Download:
    """``name``: of its words, ``seg.download.<name>``; ``ending``: of the file's name; ``kind``: its media type."""

    name: str
    ending: str
    kind: str
    make: Callable[[], bytes]


def download_row(result: Result, ways: Sequence[Download], *, reviewed: bool, caption: str) -> None:
    """The buttons under ``caption``. The files are named after the scan's, and say so where they are ``reviewed``."""
    stem = (Path(result.file_name).stem or "scan") + ("-reviewed" if reviewed else "")
    st.caption(caption)
    with st.container(horizontal=True, gap="small"):
        for way in ways:
            st.download_button(
                t(f"seg.download.{way.name}"), way.make, f"{stem}-{way.ending}", way.kind, key=f"download-{way.name}-{result.id}",
                on_click="ignore", icon=":material/download:",
            )  # fmt: skip


def about(result: Result) -> dict[str, str]:
    """What a table of measurements says of their origin, column by column."""
    return {"file": result.file_name, "sha256": result.sha256, "model": result.model, "version": result.version}
