"""Files taken along from one page to another: there they are what a dropped file is, until they are put away."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from ui.literal import literal
from ui.session import current_user
from ui.words import t

Drop = tuple[str, str, bytes]
"""An id (each drop has its own, also of the same file: a rerun is no second drop), the file's name, its bytes."""

PAGES_FOR = {"is_fundus": ("fundus",), "is_oct": ("oct", "segmentation")}
"""Where a scan belongs that another page refused for that reason."""
_CARRIED = "carried"


def carried(page: str) -> list[Drop]:
    """What was taken along to that page, each with a button that puts it away."""
    kept = _of(page)
    for place, (drop, name, _) in enumerate(kept):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f":material/draft: {literal(name)}", width="content")
            if st.button(t("carry.away"), key=f"away-{page}-{drop}", type="tertiary", icon=":material/close:"):
                del kept[place]
                st.rerun()
    return list(kept)


def offer(reason: str, drops: Sequence[Drop], key: str) -> None:
    """One button for each page where scans refused for ``reason`` belong; it opens that page with all of ``drops``."""
    for number, page in enumerate(PAGES_FOR.get(reason, ())):
        label = t(f"carry.to_{page}") if len(drops) == 1 else t(f"carry.all_to_{page}", count=len(drops))
        kind = "secondary" if number else "primary"
        if st.button(label, key=f"to-{page}-{key}", type=kind, icon=":material/arrow_forward:"):  # type: ignore[arg-type]
            kept = _of(page)
            known = {drop for drop, _, _ in kept}
            kept += [drop for drop in drops if drop[0] not in known]
            st.switch_page(f"pages/{page}.py")


def _of(page: str) -> list[Drop]:
    """The list itself. It belongs to the person, not to the browser's tab, where somebody else may sign in later."""
    user = current_user()
    everything: dict[tuple[int | None, str], list[Drop]] = st.session_state.setdefault(_CARRIED, {})
    return everything.setdefault((user.id if user else None, page), [])
