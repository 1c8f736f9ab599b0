"""Drop B-scans, see at once what they may be and where the model looked; every result is kept."""

from __future__ import annotations

import streamlit as st

from ui.drops import ScanPage, page_of_scans
from ui.result_view import analyse, show_result
from ui.session import require_user
from ui.upload import B_SCANS
from ui.words import t

user = require_user()
st.subheader(t("oct.title"))
page_of_scans(ScanPage("oct", "oct", analyse, show_result, B_SCANS), user)
