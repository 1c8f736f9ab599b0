"""Every string that people read, in English and Chinese. `t("key")` gives the one of the viewer's language."""

from __future__ import annotations

from typing import Literal, cast

import streamlit as st

from ui.words import (
    diseases,
    files,
    fundus_diseases,
    fundus_page,
    history_page,
    models_page,
    oct_page,
    segmentation_page,
    shell,
    volume_page,
)

Language = Literal["en", "zh"]
LANGUAGES: dict[Language, str] = {"en": "English", "zh": "中文"}
WORD_MODULES = (
    shell,
    files,
    diseases,
    fundus_diseases,
    oct_page,
    fundus_page,
    segmentation_page,
    volume_page,
    history_page,
    models_page,
)


def _merged(attribute: str) -> dict[str, str]:
    table: dict[str, str] = {}
    for module in WORD_MODULES:
        part: dict[str, str] = getattr(module, attribute)
        twice = table.keys() & part.keys()
        if twice:
            raise ValueError(f"{module.__name__} names again: {', '.join(sorted(twice))}")
        table |= part
    return table


TABLES: dict[Language, dict[str, str]] = {"en": _merged("EN"), "zh": _merged("ZH")}


def browser_language() -> Language:
    """The browser's language where we have it, else English."""
    return "zh" if (st.context.locale or "").lower().startswith("zh") else "en"


def language() -> Language:
    """The viewer's language: what they chose, else the browser's."""
    return cast(Language, st.session_state.get("language") or browser_language())


def t(key: str, **values: object) -> str:
    """The string of that key in the viewer's language, its {placeholders} filled. Raises KeyError for an unknown key."""
    return TABLES[language()][key].format(**values)
