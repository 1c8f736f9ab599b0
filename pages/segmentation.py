"""Drop B-scans, see every lesion and layer outlined and measured, correct what is wrong; everything is kept."""

from __future__ import annotations

import streamlit as st

from ui.drops import ScanPage, page_of_scans
from ui.segmentation_view import segment_scan, show_segmentation
from ui.session import require_user
from ui.upload import B_SCANS
from ui.words import t

user = require_user()
st.subheader(t("seg.title"))
page_of_scans(ScanPage("segmentation", "segment", segment_scan, show_segmentation, B_SCANS), user)
