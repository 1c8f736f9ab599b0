"""Drop B-scans, see every lesion and layer outlined and measured, correct what is wrong; everything is kept."""

from __future__ import annotations

import streamlit as st

from octcore import models
from octcore.models import ModelError
from octcore.scan import ScanError
from ui import volume_job
from ui.gate import Refused, say_refusal
from ui.literal import literal
from ui.moments import moment
from ui.segmentation_view import segment_scan, show_segmentation
from ui.session import require_user, store
from ui.upload import TYPES, dropped
from ui.words import t

user = require_user()
st.subheader(t("seg.title"))

try:
    served = [m.id for m in models.catalogue() if m.task == "segment"]
    # One model alone is the default by another name, and would only be kept twice.
    names = [models.ENSEMBLE, *(served if len(served) > 1 else [])]
    models.members(models.ENSEMBLE, "segment")
except ModelError as broken:
    st.error(t("error.models", reason=broken))
    st.stop()

upper, side = st.columns([3, 1])
# With a key it is the same one in the other language, and keeps its files.
uploads = upper.file_uploader(t("oct.drop"), type=TYPES, accept_multiple_files=True, key="segmentation_uploads")
shown = {name: t("seg.default", names=", ".join(served)) if name == models.ENSEMBLE else name for name in names}
model = side.selectbox(t("oct.model"), names, format_func=shown.__getitem__, key="segmentation_model")

first_seen: dict[tuple[str, str], bool] = st.session_state.setdefault("segmentation_drops", {})
drawn: set[str] = set()
files = dropped(uploads, "segmentation")
for drop, name, data in files:
    if len(files) > 1:
        st.markdown(f"##### {literal(name)}")
    try:
        with st.spinner(t("oct.working", name=literal(name))):
            result, known = segment_scan(store(), user, data, name, model)
    except ScanError as error:
        st.error(t(f"error.{error.code}", name=literal(name)))
        continue
    except volume_job.Working as working:
        volume_job.show(working, literal(name))
        continue
    except Refused as refusal:
        say_refusal(refusal, literal(name))
        continue
    except ModelError as broken:
        st.error(t("error.models", reason=broken))
        break
    if first_seen.setdefault((drop, model), known) and known:
        st.info(t("oct.seen", when=moment(result.created_at), name=literal(result.file_name)))
    if result.id not in drawn:  # one scan under two names is one result, shown once
        drawn.add(result.id)
        try:
            show_segmentation(store(), result)
        except FileNotFoundError:  # a known result whose files are gone; the other scans go on
            st.error(t("history.lost"))
