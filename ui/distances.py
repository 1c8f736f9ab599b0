"""The distances from pixel to pixel: what the file says, else what a person says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from octcore.store import Result, Store
from ui.words import t

_NAMES = {"slice": "volume.slice_distance", "axial": "seg.axial", "lateral": "seg.lateral"}
_LARGEST_MM = {"slice": 2.0, "axial": 0.1, "lateral": 0.5}
"""No device's slices, rows or columns are farther apart."""


@dataclass(frozen=True)
class Asked:
    """What is asked of a kind of result. ``names``: the distances, in the order in which results keep them; ``words``: the
    beginning of its strings' keys; ``ending``: of its number fields' keys; ``remembered``: the session's key for what was
    last given by hand, in mm."""

    names: Sequence[str]
    words: str
    ending: str
    remembered: str


OF_SCAN = Asked(("axial", "lateral"), "seg.spacing", "", "spacing_by_hand")
OF_VOLUME = Asked(("slice", "axial", "lateral"), "volume.spacing", "-distance", "volume_spacing_by_hand")


def remembered(asked: Asked, from_file: Sequence[float | None]) -> list[float | None] | None:
    """What a new result starts from: the distances last given by hand, where the file does not say them all."""
    return None if all(from_file) else st.session_state.get(asked.remembered)


def distances(result: Result, asked: Asked) -> tuple[float | None, ...]:
    """In mm: what the file says, else what a person said, else None."""
    return tuple(file or hand for file, hand in zip(*_kept(result, asked), strict=True))


def ask_distances(store: Store, result: Result, asked: Asked) -> None:
    """Number fields for what the file does not say. It stays with the result, and is the next one's start."""
    file, by_hand = _kept(result, asked)
    if all(file):
        micrometres = {name: (value or 0) * 1000 for name, value in zip(asked.names, file, strict=True)}
        st.caption(t(f"{asked.words}_file", **micrometres))
        return
    keys = [f"{name}{asked.ending}-{result.id}" for name in asked.names]

    def keep() -> None:
        given = [st.session_state.get(key) for key in keys]
        said = [None if value is None else float(value) / 1000 for value in given]
        st.session_state[asked.remembered] = said if any(said) else None
        store.annotate(result.user_id, result.id, {"spacing_by_hand_mm": said if any(said) else None})

    with st.expander(t(asked.words), expanded=not any(by_hand)):
        st.caption(t(f"{asked.words}_help"))
        columns = st.columns(len(keys))
        for column, key, name, from_file, value in zip(columns, keys, asked.names, file, by_hand, strict=True):
            if from_file:
                column.metric(t(_NAMES[name]), f"{from_file * 1000:.2f}")
                continue
            # Seeded rather than given as the default, to which a cleared field would jump back.
            st.session_state.setdefault(key, None if value is None else round(value * 1000, 4))
            column.number_input(
                t(_NAMES[name]), min_value=0.1, max_value=_LARGEST_MM[name] * 1000, value=None, step=0.1, format="%.2f", key=key,
                on_change=keep, placeholder=t("seg.unknown"),
            )  # fmt: skip


def _kept(result: Result, asked: Asked) -> tuple[Sequence[float | None], Sequence[float | None]]:
    """From the file, and by hand."""
    nothing = (None,) * len(asked.names)
    return result.result.get("spacing_mm") or nothing, result.result.get("spacing_by_hand_mm") or nothing
