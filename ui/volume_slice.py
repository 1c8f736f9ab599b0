"""Which slice of a volume is shown: a slider, and clicks on charts that lead there."""

from __future__ import annotations

from collections.abc import Callable
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


def current(result_id: str, start: int) -> int:
    """The slice that the slider shows, for what is drawn before it."""
    return int(st.session_state.get(key_of(result_id), start + 1)) - 1


def follow(chart: str, result_id: str, count: int, slice_at: Callable[[dict[str, Any]], float]) -> Callable[[], None]:
    """What a click on the chart of that key does: the slider goes to the slice (from 0) that ``slice_at`` reads from the
    point."""

    def clicked() -> None:
        event: Any = st.session_state.get(chart)
        points = ((event or {}).get("selection") or {}).get("points") or []
        if points:
            st.session_state[key_of(result_id)] = min(max(round(slice_at(points[0])), 0), count - 1) + 1

    return clicked
