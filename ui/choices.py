"""Selections whose options are words."""

from __future__ import annotations

import streamlit as st


def reworded(key: str) -> str:
    """The key of a selection, made to say its choice in the present language: the browser keeps the words in which it was
    made."""
    if key in st.session_state:
        st.session_state[key] = st.session_state[key]
    return key
