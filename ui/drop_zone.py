"""The words in the box that files are dropped on. Streamlit writes them itself, in English only, and rounds 512 MB to 1 GB."""

from __future__ import annotations

import json

import streamlit as st

from ui.words import t

_BOX = '[data-testid="stFileUploaderDropzone"]'
_SAYS = '[data-testid="stFileUploaderDropzoneInstructions"]'


def worded() -> None:
    """Put the viewer's language and the true limit into every such box of the page."""
    button = json.dumps(t("drop_zone.button"), ensure_ascii=False)
    limit = json.dumps(t("drop_zone.limit", megabytes=st.get_option("server.maxUploadSize")), ensure_ascii=False)
    st.html(
        f"<style>{_BOX} button p, {_SAYS} > * {{ display: none; }}"
        f'{_BOX} button [data-testid="stMarkdownContainer"]::after {{ content: {button}; }}'
        f"{_SAYS}::after {{ content: {limit}; font-size: 0.875rem; opacity: 0.75; }}</style>"
    )
