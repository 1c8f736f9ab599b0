"""Which slice of a volume is shown: a slider, and clicks on charts and lists that lead there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from ui.words import t


def key_of(result_id: str) -> str:
    """The slider's key; its value counts from 1, as people do."""
    return f"slice-{result_id}"


def choose(result_id: str, count: int, start: int) -> int:
    """The slider. Returns the slice, from 0."""
    key = key_of(result_id)
    st.session_state.setdefault(key, start + 1)
    return int(st.slider(t("volume.slice"), 1, count, key=key)) - 1


def listed(label: str, result_id: str, slices: Sequence[int], chosen: int, words: Callable[[int], str]) -> None:
    """Some slices (from 0) as a list under ``label``; a click on one moves the slider there."""
    key = f"listed-{result_id}"

    def go() -> None:
        picked = st.session_state.get(key)
        if picked is not None:
            st.session_state[key_of(result_id)] = int(picked) + 1

    st.session_state[key] = chosen if chosen in slices else None  # the slider and the charts move it too
    st.pills(label, slices, format_func=words, key=key, on_change=go)


def follow(chart: str, result_id: str, count: int, slice_at: Callable[[dict[str, Any]], float]) -> Callable[[], None]:
    """What a click on the chart of that key does: the slider goes to the slice (from 0) that ``slice_at`` reads from the
    point."""

    def clicked() -> None:
        event: Any = st.session_state.get(chart)
        points = ((event or {}).get("selection") or {}).get("points") or []
        if points:
            st.session_state[key_of(result_id)] = min(max(round(slice_at(points[0])), 0), count - 1) + 1

    return clicked
