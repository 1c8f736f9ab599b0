"""The entry: page set-up, sign-in, navigation. The only router. Run it with `make run`."""

from __future__ import annotations

import streamlit as st

from ui.session import begin, sign_out, store
from ui.words import LANGUAGES, language, t

PAGES = (
    ("fundus", ":material/visibility:"),
    ("oct", ":material/ophthalmology:"),
    ("segmentation", ":material/layers:"),
    ("history", ":material/history:"),
    ("models", ":material/insights:"),
    ("account", ":material/person:"),
)

st.set_page_config(page_title="OCT Studio", page_icon=":material/visibility:", layout="wide")
st.html("<style>.stMainBlockContainer { padding-top: 2.5rem; padding-bottom: 3rem; max-width: 1500px; }</style>")
user = begin()


def _keep_language() -> None:
    st.session_state["language"] = st.session_state["language_choice"]
    if user:
        store().set_language(user.id, st.session_state["language"])


pages = [st.Page("ui/start.py", title=t("nav.start"), icon=":material/home:", default=True, url_path="start")]
if user:
    pages += [st.Page(f"pages/{name}.py", title=t(f"nav.{name}"), icon=icon, url_path=name) for name, icon in PAGES]
chosen = st.navigation(pages, expanded=True)

with st.sidebar:
    codes = list(LANGUAGES)
    st.session_state["language_choice"] = language()
    st.selectbox(
        t("nav.language"), codes, format_func=lambda code: LANGUAGES[code], key="language_choice", on_change=_keep_language
    )
    if user:
        st.caption(t("nav.signed_in_as", name=user.name))
        st.button(t("nav.sign_out"), on_click=sign_out, width="stretch")
    st.caption(t("app.not_a_device"))

chosen.run()
