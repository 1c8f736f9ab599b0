"""Corrections of a volume, slice by slice: which outlines are shown, and what the browser sends to be kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from octcore.report import labels_of, labels_png
from octcore.reviewed import as_reviewed, newest
from octcore.store import Result, Review, Store
from ui import layers_viewer
from ui.literal import literal
from ui.moments import moment
from ui.words import t

ORIGINAL, REVIEWED = "original", "reviewed"


@dataclass(frozen=True)
class Outlines:
    """A volume's outlines: the model's, and as they are shown, both uint8 (S, H, W). ``reviews``: each reviewed slice's
    newest, by slice from 0; ``reviewed``: whether those are what is shown."""

    model: NDArray[np.uint8]
    shown: NDArray[np.uint8]
    reviews: Mapping[int, Review]
    reviewed: bool

    @property
    def key(self) -> tuple[str, ...]:
        """What is shown, for caches."""
        return tuple(review.id for review in self.reviews.values()) if self.reviewed else ()

    @property
    def name(self) -> str:
        """What is shown, as files name it: in English and UTC, whoever reads them."""
        if not self.reviewed:
            return ORIGINAL
        slices = " ".join(str(k + 1) for k in self.reviews)
        last = max(review.created_at for review in self.reviews.values())
        return f"reviewed, slices {slices}, until {last.isoformat(timespec='seconds')}"


def outlines(store: Store, result: Result, model: NDArray[np.uint8]) -> Outlines:
    """What is shown: the model's outlines, or once a slice was reviewed those as reviewed, unless the person switches back."""
    reviews = newest(store.reviews(result.user_id, result.id))
    reviewed = _choose(result, reviews)
    shown = _with_reviews(tuple(review.id for review in reviews.values()), store, result, model, reviews) if reviewed else model
    return Outlines(model, shown, reviews, reviewed)


def _choose(result: Result, reviews: Mapping[int, Review]) -> bool:
    if not reviews:
        return False
    key = f"mask-{result.id}"
    if st.session_state.pop(f"show-{result.id}", None):  # somebody just saved one
        st.session_state[key] = REVIEWED
    words = {REVIEWED: t("volume.reviewed", count=len(reviews)), ORIGINAL: t("volume.original")}
    chosen = st.radio(
        t("seg.mask"), list(words), format_func=words.__getitem__, key=key, horizontal=True, persist_state="session"
    )
    return bool(chosen == REVIEWED)


@st.cache_resource(max_entries=2, show_spinner=False)
def _with_reviews(
    ids: tuple[str, ...], _store: Store, _result: Result, _model: NDArray[np.uint8], _reviews: Mapping[int, Review]
) -> NDArray[np.uint8]:
    masks = {k: labels_of(_store.review_mask(_result.user_id, review.id)) for k, review in _reviews.items()}
    return as_reviewed(_model, masks)


def mask_id(result: Result, index: int, outlined: Outlines) -> str:
    """The name of the mask that is shown in a slice; what the browser sends names the one that it was made from."""
    review = outlined.reviews.get(index) if outlined.reviewed else None
    return f"{result.id}/{index}/{review.id if review else ORIGINAL}"


def save(store: Store, result: Result, said: object, outlined: Outlines, viewer: str) -> None:
    """Keep a correction that came from the browser as a review of its slice, and show it from the next run on. It says
    itself which slice it belongs to: the slider may have moved meanwhile."""
    try:
        index, shown = _made_from(store, result, said, outlined)
        corrected = layers_viewer.correction(said, shown, _name_in(said))
    except layers_viewer.BadCorrection:
        st.session_state[f"said-{result.id}"] = ("seg.bad_correction", 0)
    else:
        store.save_review(result.user_id, result.id, labels_png(corrected.lesions), corrected.note, index)
        layers_viewer.kept(viewer, said)
        st.session_state[f"show-{result.id}"] = True
        st.session_state[f"said-{result.id}"] = ("volume.saved", index + 1)
    st.rerun()  # also after a refusal: the next run tells the browser that it was answered


def _name_in(said: object) -> str:
    name = said.get("id") if isinstance(said, dict) else None
    return name if isinstance(name, str) else ""


def _made_from(store: Store, result: Result, said: object, outlined: Outlines) -> tuple[int, NDArray[np.uint8]]:
    """The slice and the mask that a correction names: the model's or any review of that slice. Raises `BadCorrection`."""
    slices = {f"{result.id}/{k}/{ORIGINAL}": k for k in range(len(outlined.model))}
    name = _name_in(said)
    if name in slices:
        return slices[name], outlined.model[slices[name]]
    for review in store.reviews(result.user_id, result.id):
        if review.slice is not None and name == f"{result.id}/{review.slice}/{review.id}":
            return review.slice, labels_of(store.review_mask(result.user_id, review.id))
    raise layers_viewer.BadCorrection("It belongs to no slice of this volume.")


def say_outcome(result: Result) -> None:
    """Once, after a save."""
    outcome = st.session_state.pop(f"said-{result.id}", None)
    if outcome:
        key, number = outcome
        (st.error if key == "seg.bad_correction" else st.success)(t(key, slice=number))


def say_review(store: Store, result: Result, outlined: Outlines, index: int) -> None:
    """Who reviewed the shown slice and when, their note; and the way back to the model's outlines, which is a review too."""
    review = outlined.reviews.get(index)
    if review is None:
        return
    said = t("volume.slice_reviewed", slice=index + 1, who=literal(review.by), when=moment(review.created_at))
    note = " " + t("seg.note_was", note=literal(review.note)) if review.note else ""
    st.caption(f"{said}{note}")
    model = outlined.model[index]
    if outlined.reviewed and not np.array_equal(outlined.shown[index], model):

        def take_back() -> None:
            store.save_review(result.user_id, result.id, labels_png(model), slice_index=index)
            st.session_state[f"said-{result.id}"] = ("volume.taken_back", index + 1)

        if st.button(t("volume.take_back"), key=f"take-back-{result.id}", icon=":material/undo:", on_click=take_back):
            st.rerun()  # the whole page: the measurements change too
