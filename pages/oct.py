"""Drop B-scans, see at once what they may be and where the model looked; every result is kept."""

from __future__ import annotations

import streamlit as st

from octcore import models
from octcore.models import ModelError
from octcore.scan import ScanError
from ui import volume_job
from ui.gate import Refused, say_refusal
from ui.literal import literal
from ui.moments import moment
from ui.result_view import analyse, show_result
from ui.session import require_user, store
from ui.upload import TYPES, dropped
from ui.words import t

user = require_user()
st.subheader(t("oct.title"))

try:
    names = [models.ENSEMBLE, *(m.id for m in models.catalogue() if m.task == "oct")]
except ModelError as broken:
    st.error(t("error.models", reason=broken))
    st.stop()

upper, side = st.columns([3, 1])
uploads = upper.file_uploader(t("oct.drop"), type=TYPES, accept_multiple_files=True)
shown = {name: t("oct.ensemble") if name == models.ENSEMBLE else name for name in names}
model = side.selectbox(t("oct.model"), names, format_func=shown.__getitem__)

first_seen: dict[tuple[str, str], bool] = st.session_state.setdefault("drops", {})
drawn: set[str] = set()
files = dropped(uploads, "oct")
for drop, name, data in files:
    if len(files) > 1:
        st.markdown(f"##### {literal(name)}")
    try:
        with st.spinner(t("oct.working", name=literal(name))):
            result, known = analyse(store(), user, data, name, model)
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
        show_result(store(), result)
