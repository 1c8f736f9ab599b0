"""Drop colour photographs of the fundus, see at once what they may be and where the model looked; every result is kept."""

from __future__ import annotations

from functools import partial

import streamlit as st

from octcore.phantom import fundus_png_bytes
from ui.drops import ScanPage, page_of_scans
from ui.result_view import analyse, show_result
from ui.session import require_user
from ui.upload import Trial
from ui.words import t

user = require_user()
st.subheader(t("fundus.title"))
trials = [Trial(t("fundus.try_one"), "synthetic-fundus.png", fundus_png_bytes)]
look = partial(analyse, task="fundus")
page_of_scans(ScanPage("fundus", "fundus", look, show_result, trials, words="fundus", volumes=False), user)
