"""Before a model is asked: may this scan be read, and is it what the page reads? A refusal says why; a signed-in person may
insist, and the result says so."""

from __future__ import annotations

import streamlit as st

from octcore.quality import assess
from octcore.scan import Scan
from octcore.taxonomy import ClassifyTask
from ui.words import t

_INSISTED = "insisted"
_ABOUT_THE_KIND = ("not_retinal", "is_fundus")


class Refused(Exception):
    """A picture that no model should be asked about. ``sha256``: of its file; ``reason``: a key of ``quality.<reason>``;
    ``wanted``: what the page reads."""

    def __init__(self, sha256: str, reason: str, wanted: ClassifyTask) -> None:
        super().__init__(reason)
        self.sha256 = sha256
        self.reason = reason
        self.wanted = wanted


def caveats_of(scan: Scan, wanted: ClassifyTask = "oct") -> list[str]:
    """What is to be said of a scan beside its result. Raises `Refused` where it is not what is ``wanted`` and nobody
    insisted."""
    found = assess(scan)
    wrong = "not_retinal" if not found.accepted else f"is_{found.kind}" if found.kind != wanted else None
    if wrong and (wanted, scan.sha256) not in st.session_state.get(_INSISTED, set()):
        raise Refused(scan.sha256, wrong, wanted)
    return [reason for reason in found.reasons if reason not in _ABOUT_THE_KIND] + ([wrong] if wrong else [])


def insist(refusal: Refused, key: str) -> None:
    """The button with which a person says that the scan is to be read all the same."""
    if st.button(t("quality.insist"), key=f"insist-{key}", icon=":material/warning:"):
        st.session_state.setdefault(_INSISTED, set()).add((refusal.wanted, refusal.sha256))
        st.rerun()
