"""The user's own account: password, deletion."""

from __future__ import annotations

import streamlit as st

from ui.session import change_password, password_is, require_user, sign_out, store
from ui.words import t

user = require_user()
st.subheader(t("nav.account"))
st.caption(f"{user.name} · {user.username} · {user.email}")

left, right = st.columns(2, gap="large")
with left, st.form("password", clear_on_submit=True):
    st.markdown(f"**{t('account.password')}**")
    old = st.text_input(t("account.old"), type="password", autocomplete="current-password")
    new = st.text_input(t("account.new"), type="password", autocomplete="new-password", help=t("sign.password_help"))
    if st.form_submit_button(t("account.save"), type="primary"):
        if not password_is(user, old):
            st.error(t("account.wrong_old"))
        elif not change_password(user, new):
            st.error(t("sign.error.password"))
        else:
            st.session_state["password_saved"] = True
            st.rerun()  # the browser is given the new sign-in at the top of a run
    if st.session_state.pop("password_saved", False):
        st.success(t("account.saved"))

with right, st.form("delete"):
    st.markdown(f"**{t('account.delete')}**")
    st.caption(t("account.delete_why"))
    typed = st.text_input(t("account.delete_confirm"), type="password")
    if st.form_submit_button(t("account.delete_button")):
        if password_is(user, typed):
            store().delete_user(user.id)
            sign_out()
            st.rerun()
        st.error(t("account.wrong_old"))
