"""Shows a saved segmentation. Its page and the history both call this, so that a result opened again is what it was."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from octcore import models, segment
from octcore import report as files
from octcore.measure import SpacingMm, measure
from octcore.readers import read
from octcore.scan import Scan
from octcore.segment import Segmentation
from octcore.store import Result, Review, Store, User
from octcore.taxonomy import LESIONS
from ui import layers_viewer, viewer, volume_segmentation
from ui.gate import caveats_of
from ui.literal import literal
from ui.moments import moment
from ui.scans import opened
from ui.segmentation_table import area, measurement_rows
from ui.volume_table import volume_text
from ui.words import TABLES, t

ORIGINAL = "original"
_REMEMBERED = "spacing_by_hand"
"""Session key: the pixel size that was last given by hand, in mm (axial, lateral)."""


def segment_scan(store: Store, user: User, data: bytes, name: str, model: str) -> tuple[Result, bool]:
    """This user's segmentation of a file's bytes: the saved one where there is one, else a new one, saved before it is
    returned. The second value says whether it was there. Raises `ScanError`, `Refused`, `models.ModelError` and, for
    a volume that is still being read, `Working`."""
    scan = opened(data, name)
    if scan.slices > 1:
        return volume_segmentation.segment_scan(store, user, scan, data, name, model)
    version = models.version_of(model, "segment")
    known = store.find(user.id, scan.sha256, model, version, task="segment")
    if known:
        return known, True
    caveats = caveats_of(scan)
    said = segment.segment(scan, model)
    result_id = store.save_result(
        user.id,
        task="segment",
        scan_bytes=data,
        file_name=name,
        sha256=scan.sha256,
        result=_as_json(said, scan, caveats),
        thumbnail_png=_thumbnail(said, scan),
        lesions_png=files.labels_png(said.lesions),
        surfaces_npz=files.surfaces_npz(said.surfaces),
        label="+".join(found_in(said.lesions)) or "NONE",
        probability=None,
        model=model,
        version=version,
    )
    saved = store.result(user.id, result_id)
    assert saved is not None
    return saved, False


def found_in(lesions: NDArray[np.uint8]) -> list[str]:
    """The lesions that a label map names."""
    return [name for value, name in enumerate(LESIONS, start=1) if bool((lesions == value).any())]


def fluid_found(result: Result) -> str:
    """The area (of a volume, the volume) of fluid that the model found, as it was saved, in the best unit known; empty for
    none."""
    said = result.result["measurements"]
    if "fluid_volume_voxels" in said:
        return volume_text(said, "fluid") if said["fluid_volume_voxels"] else ""
    return area(said, "fluid_area") if said["fluid_area_px"] else ""


def _as_json(said: Segmentation, scan: Scan, caveats: list[str]) -> dict[str, object]:
    spacing = (scan.spacing_mm.axial, scan.spacing_mm.lateral)
    remembered: list[float | None] | None = st.session_state.get(_REMEMBERED)
    return {
        "measurements": measure(said, spacing),
        "spacing_mm": list(spacing),
        "spacing_by_hand_mm": None if all(spacing) else remembered,
        "caveats": list(dict.fromkeys([*said.caveats, *caveats])),
        "warnings": list(scan.warnings),
        "milliseconds": said.milliseconds,
        "synthetic": scan.synthetic,
        "format": scan.format,
        "size": list(said.lesions.shape),
        "slices": scan.slices,
    }


def _thumbnail(said: Segmentation, scan: Scan) -> bytes:
    return viewer.scan_png(files.overlay(scan.pixels, said.lesions, np.full_like(said.surfaces, np.nan)), 240)


@st.cache_data(max_entries=64, show_spinner=False)
def _display_png(sha256: str, _data: bytes, _name: str) -> bytes:
    """The upload as the browser can draw it."""
    return viewer.scan_png(read(_data, _name).pixels)


def show_segmentation(store: Store, result: Result) -> None:
    """The whole of a result: the viewer at the left; which mask, measurements and downloads at the right."""
    if "volume" in result.result:
        volume_segmentation.show_volume(store, result)
        return
    model_mask = files.labels_of(store.file_bytes(result.user_id, result.id, "lesions"))
    surfaces = files.surfaces_of(store.file_bytes(result.user_id, result.id, "surfaces"))
    data = store.file_bytes(result.user_id, result.id, "scan")
    _say_caveats(result)
    reviews = {review.id: review for review in store.reviews(result.user_id, result.id)}
    left, right = st.columns([3, 2], gap="medium")
    with right:
        chosen = _choose_mask(result, list(reviews.values()))
        mask = model_mask
        if chosen != ORIGINAL:
            mask = files.labels_of(store.review_mask(result.user_id, chosen))
            if reviews[chosen].note:
                st.caption(t("seg.note_was", note=literal(reviews[chosen].note)))
    spacing = _spacing(result)
    with left:
        mask_id = f"{result.id}/{chosen}"
        said = layers_viewer.show(
            _display_png(result.sha256, data, result.file_name),
            mask,
            surfaces,
            mask_id=mask_id,
            alt=t("seg.alt", name=result.file_name, found=_names(found_in(mask))),
            key=f"layers-{result.id}",
            axial_mm=spacing[0],
        )
        if said is not None:
            _save(store, result, said, mask, mask_id)
        outcome = st.session_state.pop(f"said-{result.id}", None)
        if outcome:
            (st.success if outcome == "seg.saved" else st.error)(t(outcome))
    with right:
        measured = {ORIGINAL: measure(_segmentation(result, model_mask, surfaces), spacing)}
        if chosen != ORIGINAL:
            measured[chosen] = measure(_segmentation(result, mask, surfaces), spacing)
        _table(measured, chosen)
        _ask_spacing(store, result)
        _downloads(result, data, mask, surfaces, spacing, measured, reviews)
    made = t("view.model", model=result.model, version=result.version, milliseconds=result.result["milliseconds"])
    st.caption(f"{made}  \n{t('app.not_a_device')}")


def _say_caveats(result: Result) -> None:
    saved = result.result
    for caveat in saved["caveats"]:
        key = f"caveat.{caveat}"
        (st.info if caveat == "synthetic" else st.warning)(t(key if key in TABLES["en"] else "seg.caveat"))
    for warning in saved.get("warnings", ()):
        st.info(t(f"warning.{warning}"))
    if saved.get("slices", 1) > 1:
        st.info(t("seg.middle", slices=saved["slices"]))
    if result.label == "NONE":
        st.info(t("seg.none"))


def _names(found: Sequence[str]) -> str:
    return ", ".join(t(f"lesion.{name}") for name in found) or t("seg.nothing_found")


def _choose_mask(result: Result, reviews: list[Review]) -> str:
    """Which outlines are shown: the model's, or a person's correction (the newest, unless another is chosen)."""
    key = f"mask-{result.id}"
    if not reviews:
        return ORIGINAL
    fresh = st.session_state.pop(f"show-{result.id}", None)
    if fresh:
        st.session_state[key] = fresh
    words = {review.id: t("seg.reviewed", when=moment(review.created_at)) for review in reviews}
    options = [*words, ORIGINAL]
    return st.radio(
        t("seg.mask"), options, format_func=lambda one: words.get(one, t("seg.original")), key=key, persist_state="session"
    )


def _save(store: Store, result: Result, said: object, mask: NDArray[np.uint8], mask_id: str) -> None:
    """Keep a correction that came from the browser, and show it from the next run on."""
    try:
        corrected = layers_viewer.correction(said, mask, mask_id)
    except layers_viewer.BadCorrection:
        st.session_state[f"said-{result.id}"] = "seg.bad_correction"
    else:
        review = store.save_review(result.user_id, result.id, files.labels_png(corrected.lesions), corrected.note)
        st.session_state[f"show-{result.id}"] = review
        st.session_state[f"said-{result.id}"] = "seg.saved"
    st.rerun()  # also after a refusal: the next run tells the browser that it was answered


def _segmentation(result: Result, lesions: NDArray[np.uint8], surfaces: NDArray[np.float32]) -> Segmentation:
    return Segmentation(result.model, result.version, lesions, surfaces, result.result["milliseconds"])


def _spacing(result: Result) -> SpacingMm:
    """(axial, lateral) in mm: what the file says, else what a person said, else None."""
    file = result.result.get("spacing_mm") or (None, None)
    hand = result.result.get("spacing_by_hand_mm") or (None, None)
    return file[0] or hand[0], file[1] or hand[1]


def _ask_spacing(store: Store, result: Result) -> None:
    """A pixel's size by hand, where the file does not say it. It stays with the result, and is the next scan's start."""
    axial, lateral = result.result.get("spacing_mm") or (None, None)
    if axial and lateral:
        st.caption(t("seg.spacing_file", axial=axial * 1000, lateral=lateral * 1000))
        return
    hand = result.result.get("spacing_by_hand_mm") or (None, None)
    keys = [f"axial-{result.id}", f"lateral-{result.id}"]

    def keep() -> None:
        given = [st.session_state.get(key) for key in keys]
        spacing = [None if value is None else float(value) / 1000 for value in given]
        st.session_state[_REMEMBERED] = spacing if any(spacing) else None
        store.annotate(result.user_id, result.id, {"spacing_by_hand_mm": spacing if any(spacing) else None})

    with st.expander(t("seg.spacing"), expanded=not any(hand)):
        st.caption(t("seg.spacing_help"))
        for column, key, name, value, most in zip(
            st.columns(2), keys, ("seg.axial", "seg.lateral"), hand, (100.0, 500.0), strict=True
        ):
            # Seeded rather than given as the default, to which a cleared field would jump back.
            st.session_state.setdefault(key, None if value is None else round(value * 1000, 4))
            column.number_input(
                t(name),
                min_value=0.1,
                max_value=most,
                value=None,
                step=0.1,
                format="%.2f",
                key=key,
                on_change=keep,
                placeholder=t("seg.unknown"),
            )


def _table(measured: dict[str, dict[str, float]], chosen: str) -> None:
    """The measurements, small; the model's beside the corrected ones where both are."""
    shown = [chosen, ORIGINAL] if chosen != ORIGINAL else [ORIGINAL]
    rows = measurement_rows(*(measured[key] for key in shown))
    lines = {t("seg.measurement"): list(rows)}
    for place, key in enumerate(shown):
        title = t("seg.column.original" if key == ORIGINAL else "seg.column.reviewed")
        lines[title] = [texts[place] for texts in rows.values()]
    st.table(lines, hide_index=True, border="horizontal")


def _downloads(
    result: Result,
    data: bytes,
    mask: NDArray[np.uint8],
    surfaces: NDArray[np.float32],
    spacing: SpacingMm,
    measured: dict[str, dict[str, float]],
    reviews: dict[str, Review],
) -> None:
    """Made when they are asked for, of the mask that is shown."""
    stem = Path(result.file_name).stem or "scan"
    about = {"file": result.file_name, "sha256": result.sha256, "model": result.model, "version": result.version}
    masks = {
        key if key == ORIGINAL else f"review of {reviews[key].created_at.isoformat(timespec='seconds')}": values
        for key, values in measured.items()
    }
    ways = (
        ("labels", "-lesions.png", "image/png", lambda: files.labels_png(mask)),
        ("npz", "-segmentation.npz", "application/octet-stream", lambda: files.everything_npz(mask, surfaces, spacing)),
        ("overlay", "-overlay.png", "image/png", lambda: files.overlay_png(read(data, result.file_name).pixels, mask, surfaces)),
        ("csv", "-measurements.csv", "text/csv", lambda: files.measurements_csv(masks, about)),
    )
    st.caption(t("seg.downloads"))
    with st.container(horizontal=True, gap="small"):
        for name, ending, kind, make in ways:
            st.download_button(
                t(f"seg.download.{name}"), make, f"{stem}{ending}", kind, key=f"{name}-{result.id}", on_click="ignore",
                icon=":material/download:",
            )  # fmt: skip
    values = ", ".join(f"{value} {name}" for value, name in enumerate(LESIONS, start=1))
    st.caption(t("seg.download_help", values=values))
