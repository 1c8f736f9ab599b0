"""Everything this user analysed: search, filter, sort, open again exactly as it was, delete."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from octcore.store import SORTS, Result
from octcore.taxonomy import OCT_LABELS
from ui.result_view import show_result
from ui.session import require_user, store
from ui.words import t

user = require_user()
zone = ZoneInfo(st.context.timezone or "UTC")


def moment(result: Result) -> str:
    """When, in the viewer's time zone."""
    return result.created_at.astimezone(zone).strftime("%Y-%m-%d %H:%M")


@st.dialog(t("history.delete"))
def confirm_delete(result: Result) -> None:
    st.write(t("history.delete_sure", name=result.file_name))
    keep, drop = st.columns(2)
    if keep.button(t("history.delete_no"), width="stretch"):
        st.rerun()
    if drop.button(t("history.delete_yes"), type="primary", width="stretch"):
        store().delete_result(user.id, result.id)
        st.query_params.pop("result", None)
        st.rerun()


def open_again(result_id: str) -> None:
    """One saved result, from its files: nothing is computed."""
    if st.button(t("history.back"), icon=":material/arrow_back:"):
        st.query_params.pop("result", None)
        st.rerun()
    result = store().result(user.id, result_id)
    if result is None:
        st.warning(t("history.gone"))
        return
    st.markdown(f"##### {result.file_name} · {moment(result)}")
    show_result(store(), result)
    with st.container(horizontal=True):
        st.download_button(t("history.download"), store().file_bytes(user.id, result.id, "scan"), result.file_name)
        if st.button(t("history.delete"), icon=":material/delete:"):
            confirm_delete(result)


def listing() -> None:
    """The filters and one page of results."""
    first, second, third, fourth = st.columns([3, 3, 3, 2])
    search = first.text_input(t("history.search"))
    labels = second.multiselect(t("history.label"), OCT_LABELS)
    dates = third.date_input(f"{t('history.from')} – {t('history.to')}", value=())
    sort = fourth.selectbox(t("history.sort"), list(SORTS), format_func=lambda s: t(f"history.sort.{s}"))
    start, end = (list(dates) + [None, None])[:2] if isinstance(dates, tuple) else (dates, dates)
    last = end or start
    per_page = st.session_state.get("per_page", 10)
    page = st.session_state.get("history_page", 1)
    found, total = store().results(
        user.id,
        search=search,
        labels=labels,
        date_from=datetime.combine(start, time(), zone) if start else None,
        date_to=datetime.combine(last + timedelta(days=1), time(), zone) if last else None,
        sort=sort,
        limit=per_page,
        offset=(page - 1) * per_page,
    )
    if not total:
        anything = store().results(user.id, limit=1)[1]
        st.info(t("history.none") if anything else t("history.empty"))
        return
    st.caption(t("history.count", total=total, zone=zone.key))
    for result in found:
        row(result)
    left, right = st.columns([1, 3], vertical_alignment="bottom")
    left.selectbox(t("history.per_page"), [10, 25, 50], key="per_page", on_change=_first_page)
    with right:
        st.pagination(max(1, -(-total // per_page)), key="history_page")


def _first_page() -> None:
    st.session_state["history_page"] = 1


def row(result: Result) -> None:
    """One line of the list."""
    with st.container(border=True):
        picture, words, buttons = st.columns([1, 4, 1], vertical_alignment="center")
        picture.image(store().file_bytes(user.id, result.id, "thumbnail"), width=150)
        words.markdown(f"**{result.file_name}** · {moment(result)}")
        words.markdown(f"{t(f'disease.{result.label}.name')} · **{result.probability:.1%}**")
        words.caption(f"{result.model} · {result.version}")
        if buttons.button(t("history.open"), key=f"open-{result.id}", width="stretch"):
            st.query_params["result"] = result.id
            st.rerun()
        if buttons.button(t("history.delete"), key=f"delete-{result.id}", width="stretch"):
            confirm_delete(result)


st.subheader(t("history.title"))
if "result" in st.query_params:
    open_again(st.query_params["result"])
else:
    listing()
