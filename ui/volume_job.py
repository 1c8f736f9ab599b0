"""A volume's computation beside the page: it goes on while the page is drawn anew, tells how far it is, can be cancelled.

The result is saved before the page knows of it, so a tab that is closed meanwhile finds it in the history.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import streamlit as st

from octcore.volume import Cancelled, Progress
from ui.words import t

Key = tuple[int, str, str, str, str]
"""User, task, content, model, version: as the store tells results apart."""
Work = Callable[[Progress, Callable[[], bool]], None]
_EVERY_SECONDS = 0.7
_turn = threading.Lock()
"""One volume is read at a time: two would need twice the memory and be no sooner done."""


@dataclass
class Job:
    """``done`` of ``total`` slices; ``error``: what ended it, None where it saved its result."""

    total: int
    done: int = 0
    cancel: threading.Event = field(default_factory=threading.Event)
    finished: threading.Event = field(default_factory=threading.Event)
    error: Exception | None = None


class Working(Exception):
    """There is no result yet. ``job`` is at it."""

    def __init__(self, key: Key, job: Job) -> None:
        super().__init__()
        self.key = key
        self.job = job


@st.cache_resource(show_spinner=False)
def _jobs() -> dict[Key, Job]:
    """The process's jobs: a reload of the page finds its own again."""
    return {}


def take(key: Key) -> bool:
    """Whether that job has just saved its result (asked once)."""
    return _jobs().pop(key, None) is not None


def start(key: Key, total: int, work: Work) -> Working:
    """The job of that key, begun if there is none. Raises what ended it, and forgets it; a cancelled one stays."""
    jobs = _jobs()
    job = jobs.get(key)
    if job is None:
        job = jobs[key] = Job(total)
        threading.Thread(target=_run, args=(job, work), daemon=True, name="volume").start()
    elif job.finished.is_set() and not isinstance(job.error, Cancelled):
        jobs.pop(key, None)  # also where its result was deleted since: the next run looks again, and begins anew
        if job.error is not None:
            raise job.error
    return Working(key, job)


def _run(job: Job, work: Work) -> None:
    def progress(done: int, total: int) -> None:
        job.done, job.total = done, total

    try:
        while not _turn.acquire(timeout=0.2):
            if job.cancel.is_set():
                raise Cancelled
        try:
            work(progress, job.cancel.is_set)
        finally:
            _turn.release()
    except Exception as error:  # the page's to say
        job.error = error
    finally:
        job.finished.set()


def show(working: Working, name: str) -> None:
    """How far it is, with a button that cancels; after that, one that begins anew."""
    key = "-".join(map(str, working.key))
    if isinstance(working.job.error, Cancelled):
        st.info(t("volume.cancelled", name=name))
        if st.button(t("volume.again"), key=f"again-{key}", icon=":material/restart_alt:"):
            _jobs().pop(working.key, None)
            st.rerun()
        return
    _watch(working.job, key, name)


@st.fragment(run_every=_EVERY_SECONDS)
def _watch(job: Job, key: str, name: str) -> None:
    if job.finished.is_set():
        st.rerun()
    bar, button = st.columns([5, 1], vertical_alignment="center")
    bar.progress(job.done / max(1, job.total), text=t("volume.working", name=name, done=job.done, total=job.total))
    if button.button(t("volume.cancel"), key=f"cancel-{key}", disabled=job.cancel.is_set(), icon=":material/close:"):
        job.cancel.set()
        st.rerun(scope="fragment")
