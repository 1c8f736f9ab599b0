"""A page of scans: drop files, choose a model, and see every file's result, or why it has none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from octcore import models
from octcore.models import ModelError
from octcore.scan import ScanError
from octcore.store import Result, Store, Task, User
from ui import carry, drop_zone, volume_job
from ui.carry import Drop
from ui.choices import reworded
from ui.gate import Refused, insist
from ui.literal import literal
from ui.moments import moment
from ui.session import store
from ui.upload import TYPES, Trial, dropped
from ui.words import t


@dataclass(frozen=True)
class ScanPage:
    """``name``: the page's own, unique; ``words``: where the keys of its words begin; ``trials``: synthetic scans for a
    visitor without; ``volumes``: whether several pictures may be one volume.

    ``analyse``: of a file's bytes, its name and a model, the saved result and whether it was there before; it raises
    `ScanError`, `Refused`, `ModelError` and `Working`. ``show`` draws a result; it raises FileNotFoundError where the files
    are gone.
    """

    name: str
    task: Task
    analyse: Callable[[Store, User, bytes, str, str], tuple[Result, bool]]
    show: Callable[[Store, Result], None]
    trials: Sequence[Trial]
    words: str = "oct"
    volumes: bool = True


def page_of_scans(page: ScanPage, user: User) -> None:
    """Draw it."""
    try:
        names = _models(page.task)
    except ModelError as broken:
        st.error(t("error.models", reason=broken))
        return
    upper, side = st.columns([3, 1])
    drop_zone.worded()
    # With a key it is the same one in the other language, and keeps its files.
    uploads = upper.file_uploader(t(f"{page.words}.drop"), type=TYPES, accept_multiple_files=True, key=f"{page.name}_uploads")
    model = side.selectbox(t("oct.model"), list(names), format_func=names.__getitem__, key=reworded(f"{page.name}_model"))
    files = dropped(uploads, page.name, page.trials, page.words, page.volumes)
    refused = _results(page, user, files, model)
    for place, drop, refusal in refused:  # when all are known: one click takes along whatever belongs there
        alike = [other for _, other, why in refused if why.reason == refusal.reason]
        with place.container(horizontal=True):
            carry.offer(refusal.reason, alike, drop[0])
            insist(refusal, drop[0])


def _models(task: Task) -> dict[str, str]:
    """The names that may be chosen and what they are called. Raises `ModelError` where there is none."""
    served = [member.id for member in models.members(models.ENSEMBLE, task)]
    if len(served) == 1:  # alone it is the default by another name, and would only be kept twice
        return {models.ENSEMBLE: t("oct.default", name=served[0])}
    return {models.ENSEMBLE: t("oct.ensemble")} | {name: name for name in served}


def _results(page: ScanPage, user: User, files: list[Drop], model: str) -> list[tuple[Any, Drop, Refused]]:
    """Every file's result. Returns what was refused, each with the place below its reason."""
    first_seen: dict[tuple[str, str], bool] = st.session_state.setdefault(f"{page.name}_drops", {})
    drawn: set[str] = set()
    refused: list[tuple[Any, Drop, Refused]] = []
    for drop, name, data in files:
        if len(files) > 1:
            st.markdown(f"##### {literal(name)}")
        try:
            with st.spinner(t("oct.working", name=literal(name))):
                result, known = page.analyse(store(), user, data, name, model)
        except ScanError as error:
            st.error(t(f"error.{error.code}", name=literal(name)))
            continue
        except volume_job.Working as working:
            volume_job.show(working, literal(name))
            continue
        except Refused as refusal:
            st.error(t(f"quality.{refusal.reason}", name=literal(name)))
            refused.append((st.empty(), (drop, name, data), refusal))
            continue
        except ModelError as broken:
            st.error(t("error.models", reason=broken))
            break
        if first_seen.setdefault((drop, model), known) and known:
            st.info(t("oct.seen", when=moment(result.created_at), name=literal(result.file_name)))
        if result.id not in drawn:  # one scan under two names is one result, shown once
            drawn.add(result.id)
            try:
                page.show(store(), result)
            except FileNotFoundError:  # a known result whose files are gone; the other scans go on
                st.error(t("history.lost"))
    return refused
