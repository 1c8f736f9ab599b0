"""Everything this user analysed: search, filter, sort, open again exactly as it was, delete."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import streamlit as st

from octcore.store import SORTS, Result
from octcore.taxonomy import FUNDUS_LABELS, LESIONS, OCT_LABELS
from ui.cards import TASKS
from ui.choices import reworded
from ui.labels import listed
from ui.literal import literal
from ui.moments import moment, zone
from ui.result_view import show_result
from ui.segmentation_view import fluid_found, show_segmentation
from ui.session import require_user, store
from ui.words import t

user = require_user()
LABELS = (*OCT_LABELS, *FUNDUS_LABELS, *(name for name in LESIONS if name not in OCT_LABELS))


def _delete(result_id: str) -> None:
    store().delete_result(user.id, result_id)
    st.query_params.pop("result", None)


@st.dialog(t("history.delete"))
def confirm_delete(result: Result) -> None:
    """Asks once; only the answer deletes."""
    st.write(t("history.delete_sure", name=literal(result.file_name)))
    keep, drop = st.columns(2)
    if keep.button(t("history.delete_no"), key="delete-no", width="stretch"):
        st.rerun()
    yes = t("history.delete_yes")
    if drop.button(yes, key="delete-yes", type="primary", width="stretch", on_click=_delete, args=(result.id,)):
        st.rerun()


def open_again(result_id: str) -> None:
    """One saved result, from its files: nothing is computed."""
    if st.button(t("history.back"), key="back", icon=":material/arrow_back:"):
        st.query_params.pop("result", None)
        st.rerun()
    result = store().result(user.id, result_id)
    if result is None:
        st.warning(t("history.gone"))
        return
    st.markdown(f"##### {literal(result.file_name)} · {moment(result.created_at)}")
    try:
        scan = store().file_bytes(user.id, result.id, "scan")
        (show_segmentation if result.task == "segment" else show_result)(store(), result)
    except FileNotFoundError:
        st.error(t("history.lost"))
        scan = b""
    with st.container(horizontal=True):
        if scan:
            st.download_button(t("history.download"), scan, result.file_name, on_click="ignore", icon=":material/download:")
        if st.button(t("history.delete"), key="delete-open", icon=":material/delete:"):
            confirm_delete(result)


def _first_page() -> None:
    st.session_state["history_page"] = 1


def _days(chosen: object) -> tuple[datetime | None, datetime | None]:
    """From the first day's start to the last one's end in the viewer's zone; one day alone is that day."""
    days = [d for d in chosen if isinstance(d, date)] if isinstance(chosen, (tuple, list)) else []
    if not days:
        return None, None
    return datetime.combine(days[0], time(), zone()), datetime.combine(days[-1] + timedelta(days=1), time(), zone())


def listing() -> None:
    """The filters and one page of results. The filters outlive an opened result and another page."""
    columns = [*st.columns(3), *st.columns([3, 2, 1])]
    sorts = {name: t(f"history.sort.{name}") for name in SORTS}
    search = columns[0].text_input(t("history.search"), key="history_search", on_change=_first_page, persist_state="session")
    labels = columns[1].multiselect(
        t("history.label"),
        LABELS,
        format_func=listed,
        key=reworded("history_labels"),
        placeholder=t("history.any"),
        on_change=_first_page,
        persist_state="session",
    )
    tasks = columns[2].multiselect(
        t("history.task"),
        TASKS,
        format_func=lambda task: t(f"task.{task}"),
        key=reworded("history_tasks"),
        placeholder=t("history.any"),
        on_change=_first_page,
        persist_state="session",
    )
    chosen = columns[3].date_input(
        t("history.dates"), value=[], key="history_dates", format="YYYY-MM-DD", on_change=_first_page, persist_state="session"
    )
    sort = columns[4].selectbox(
        t("history.sort"),
        list(sorts),
        format_func=sorts.__getitem__,
        key=reworded("history_sort"),
        on_change=_first_page,
        persist_state="session",
    )
    size = columns[5].selectbox(
        t("history.per_page"), [10, 25, 50], key="history_size", on_change=_first_page, persist_state="session"
    )
    begin, end = _days(chosen)

    def page_of(number: int) -> tuple[list[Result], int]:
        return store().results(
            user.id,
            search=search,
            labels=labels,
            tasks=tasks,
            date_from=begin,
            date_to=end,
            sort=sort,
            limit=size,
            offset=(number - 1) * size,
        )

    page = int(st.session_state.get("history_page", 1))
    found, total = page_of(page)
    pages = max(1, -(-total // size))
    if page > pages:  # the last result of the last page was deleted
        st.session_state["history_page"] = pages
        found, total = page_of(pages)
    if not total:
        anything = store().results(user.id, limit=1)[1]
        st.info(t("history.none") if anything else t("history.empty"))
        return
    st.caption(t("history.count", total=total, zone=zone().key))
    for result in found:
        row(result)
    if pages > 1:
        st.pagination(pages, key="history_page", persist_state="session")


def _finding(result: Result) -> str:
    """What was found, in one line."""
    if result.task == "segment":
        found = ", ".join(t(f"lesion.{name}") for name in result.label.split("+"))
        area = fluid_found(result)
        return f"{found} · {t('history.fluid', area=area)}" if area else found
    return f"{t(f'disease.{result.label}.name')} · **{result.probability:.1%}**"


def row(result: Result) -> None:
    """One line of the list."""
    with st.container(border=True):
        picture, words, buttons = st.columns([1, 5, 2], vertical_alignment="center")
        try:
            picture.image(store().file_bytes(user.id, result.id, "thumbnail"), width=110)
        except FileNotFoundError:  # the row still says what was found; the rest of the list goes on
            picture.caption("–")
        words.markdown(
            f"**{literal(result.file_name)}** · {moment(result.created_at)}  \n{t(f'task.{result.task}')} · {_finding(result)}"
        )
        reviewed = f" · {t('history.reviewed')}" if store().reviews(user.id, result.id) else ""
        words.caption(f"{result.model} · {result.version}{reviewed}")
        with buttons.container(horizontal=True, horizontal_alignment="right"):
            if st.button(t("history.open"), key=f"open-{result.id}"):
                st.query_params["result"] = result.id
                st.rerun()
            if st.button(t("history.delete"), key=f"delete-{result.id}", type="tertiary", icon=":material/delete:"):
                confirm_delete(result)


st.subheader(t("history.title"))
if "result" in st.query_params:
    open_again(st.query_params["result"])
else:
    listing()
