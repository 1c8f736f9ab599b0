"""Drop B-scans, see at once what they may be and where the model looked; every result is kept."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import streamlit as st

from octcore import models
from octcore.models import ModelError
from octcore.phantom import KINDS, png_bytes
from octcore.scan import ScanError
from ui.result_view import analyse, show_result
from ui.session import require_user, store
from ui.words import t

user = require_user()
st.subheader(t("oct.title"))

try:
    names = [models.ENSEMBLE, *(m.id for m in models.catalogue() if m.task == "oct")]
except ModelError as broken:
    st.error(t("error.models", reason=broken))
    st.stop()

upper, side = st.columns([3, 1])
uploads = upper.file_uploader(t("oct.drop"), type=["jpg", "jpeg", "png", "tif", "tiff", "bmp", "webp"], accept_multiple_files=True)
model = side.selectbox(t("oct.model"), names, format_func=lambda n: t("oct.ensemble") if n == models.ENSEMBLE else n)

st.caption(t("oct.try"))
with st.container(horizontal=True):
    for kind in KINDS:
        if st.button(kind, key=f"try-{kind}"):
            st.session_state["tried"] = kind

files = [(upload.name, upload.getvalue()) for upload in uploads]
if not files and "tried" in st.session_state:
    kind = st.session_state["tried"]
    files = [(f"synthetic-{kind}.png", png_bytes(kind, seed=1))]
if not files:
    st.info(t("oct.nothing"))

drawn: set[str] = set()
for name, data in files:
    if len(files) > 1:
        st.markdown(f"##### {name}")
    try:
        with st.spinner(t("oct.working", name=name)):
            result, known = analyse(store(), user, data, name, model)
    except ScanError as error:
        st.error(t(f"error.{error.code}", name=name))
        continue
    except ModelError as broken:
        st.error(t("error.models", reason=broken))
        break
    shown = st.session_state.setdefault("new_here", set())
    if not known:
        shown.add(result.id)
    elif result.id not in shown:
        zone = ZoneInfo(st.context.timezone or "UTC")
        st.info(t("oct.seen", when=result.created_at.astimezone(zone).strftime("%Y-%m-%d %H:%M"), name=result.file_name))
    if result.id not in drawn:  # one scan under two names is one result, shown once
        drawn.add(result.id)
        show_result(store(), result)
