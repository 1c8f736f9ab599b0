"""What is said above a saved result: the models' and the quality check's reservations, and what a reader had to assume."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from ui.words import TABLES, t

_SAID_BY = {"not_oct": "is_fundus", "not_fundus": "is_oct"}
"""What the colours alone suggest, and the quality check's word for the same: one of them is enough."""


def show_notices(saved: Mapping[str, Any]) -> None:
    """The ``caveats`` and ``warnings`` of a result's JSON. A caveat that this version has no words for is still said."""
    caveats = saved.get("caveats", ())
    for caveat in caveats:
        if _SAID_BY.get(caveat) in caveats:
            continue
        key = f"caveat.{caveat}"
        (st.info if caveat == "synthetic" else st.warning)(t(key if key in TABLES["en"] else "caveat.unknown"))
    for warning in saved.get("warnings", ()):
        st.info(t(f"warning.{warning}"))
