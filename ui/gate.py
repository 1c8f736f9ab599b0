"""Before a model is asked: may this scan be read? A refusal says why; a signed-in person may insist, and the result says so."""

from __future__ import annotations

import streamlit as st

from octcore.quality import assess
from octcore.scan import Scan
from ui.words import t

_INSISTED = "insisted"


class Refused(Exception):
    """A picture that no model should be asked about. ``sha256``: of its file; ``reason``: a key of ``quality.<reason>``."""

    def __init__(self, sha256: str, reason: str) -> None:
        super().__init__(reason)
        self.sha256 = sha256
        self.reason = reason


def caveats_of(scan: Scan) -> list[str]:
    """What is to be said of a scan beside its result. Raises `Refused` where it is no B-scan and nobody insisted."""
    found = assess(scan)
    wrong = "not_retinal" if not found.accepted else "is_fundus" if found.kind == "fundus" else None
    if wrong and scan.sha256 not in st.session_state.get(_INSISTED, set()):
        raise Refused(scan.sha256, wrong)
    return [reason for reason in found.reasons if reason != "not_retinal"] + (["not_retinal"] if wrong == "not_retinal" else [])


def say_refusal(refusal: Refused, name: str) -> None:
    """The refusal with its reason, and the button that insists."""
    st.error(t(f"quality.{refusal.reason}", name=name))
    if st.button(t("quality.insist"), key=f"insist-{refusal.sha256}", icon=":material/warning:"):
        st.session_state.setdefault(_INSISTED, set()).add(refusal.sha256)
        st.rerun()
