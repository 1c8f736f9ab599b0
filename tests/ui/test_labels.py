"""Every name in a list of all classes is there once, and readable."""

from __future__ import annotations

import pytest
import streamlit as st

from octcore.taxonomy import FUNDUS_LABELS, LESIONS, OCT_LABELS
from ui.labels import listed, short, shorts


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_two_labels_are_listed_under_one_name(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(st.session_state, "language", language)
    labels = {*OCT_LABELS, *FUNDUS_LABELS, *LESIONS}
    names = {listed(label) for label in labels}
    assert len(names) == len(labels) and not names & labels


def test_codes_stay_and_photographs_have_words() -> None:
    assert short("DME") == "DME" and shorts(["amd", "glaucoma"]) == "AMD, Glaucoma"
