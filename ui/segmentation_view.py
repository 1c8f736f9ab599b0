"""Shows a saved segmentation. Its page and the history both call this, so that a result opened again is what it was."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from octcore import models, segment
from octcore import report as files
from octcore.measure import SpacingMm, measure
from octcore.scan import Scan
from octcore.segment import Segmentation, lesions_in
from octcore.store import Result, Review, Store, User
from octcore.taxonomy import LESIONS
from ui import layers_viewer, viewer, volume_segmentation
from ui.distances import OF_SCAN, ask_distances, distances, remembered
from ui.downloads import CSV, NPZ, PNG, Download, about, download_row
from ui.gate import caveats_of
from ui.literal import literal
from ui.moments import moment
from ui.notices import show_notices
from ui.scans import opened
from ui.segmentation_table import area, lesion_names, measurement_rows
from ui.thickness_chart import thickness_chart
from ui.volume_table import volume_text
from ui.words import t

ORIGINAL = "original"


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
        label="+".join(lesions_in(said.lesions)) or "NONE",
        probability=None,
        model=model,
        version=version,
    )
    saved = store.result(user.id, result_id)
    assert saved is not None
    return saved, False


def fluid_found(result: Result) -> str:
    """The area (of a volume, the volume) of fluid that the model found, as it was saved, in the best unit known; empty for
    none."""
    said = result.result["measurements"]
    if "fluid_volume_voxels" in said:
        return volume_text(said, "fluid") if said["fluid_volume_voxels"] else ""
    return area(said, "fluid_area") if said["fluid_area_px"] else ""


def _as_json(said: Segmentation, scan: Scan, caveats: list[str]) -> dict[str, object]:
    spacing = (scan.spacing_mm.axial, scan.spacing_mm.lateral)
    return {
        "measurements": measure(said, spacing),
        "spacing_mm": list(spacing),
        "spacing_by_hand_mm": remembered(OF_SCAN, spacing),
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
def _display_png(sha256: str, _scan: Scan) -> bytes:
    """The upload as the browser can draw it."""
    return viewer.scan_png(_scan.pixels)


def show_segmentation(store: Store, result: Result) -> None:
    """The whole of a result: the viewer at the left; which mask, measurements and downloads at the right."""
    if "volume" in result.result:
        volume_segmentation.show_volume(store, result)
        return
    model_mask = files.labels_of(store.file_bytes(result.user_id, result.id, "lesions"))
    surfaces = files.surfaces_of(store.file_bytes(result.user_id, result.id, "surfaces"))
    scan = opened(store.file_bytes(result.user_id, result.id, "scan"), result.file_name)
    _say_notices(result)
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
            _display_png(result.sha256, scan),
            mask,
            surfaces,
            mask_id=mask_id,
            alt=t("seg.alt", name=result.file_name, found=lesion_names(mask)),
            key=f"layers-{result.id}",
            axial_mm=spacing[0],
        )
        if said is not None:
            _save(store, result, said, mask, mask_id)
        outcome = st.session_state.pop(f"said-{result.id}", None)
        if outcome:
            (st.success if outcome == "seg.saved" else st.error)(t(outcome))
        along = thickness_chart(surfaces, spacing)
        if along:
            st.caption(t("seg.along"))
            st.plotly_chart(along, key=f"along-{result.id}", config={"displayModeBar": False}, alt=t("seg.along"))
    with right:
        measured = {ORIGINAL: measure(_segmentation(result, model_mask, surfaces), spacing)}
        if chosen != ORIGINAL:
            measured[chosen] = measure(_segmentation(result, mask, surfaces), spacing)
        _table(measured, chosen)
        ask_distances(store, result, OF_SCAN)
        _downloads(result, scan, mask, surfaces, spacing, measured, reviews)
    made = t("view.model", model=result.model, version=result.version, milliseconds=result.result["milliseconds"])
    st.caption(f"{made}  \n{t('app.not_a_device')}")


def _say_notices(result: Result) -> None:
    saved = result.result
    show_notices(saved)
    if saved.get("slices", 1) > 1:
        st.info(t("seg.middle", slices=saved["slices"]))
    if result.label == "NONE":
        st.info(t("seg.none"))


def _choose_mask(result: Result, reviews: list[Review]) -> str:
    """Which outlines are shown: the model's, or a person's correction (the newest, unless another is chosen)."""
    key = f"mask-{result.id}"
    if not reviews:
        return ORIGINAL
    fresh = st.session_state.pop(f"show-{result.id}", None)
    if fresh:
        st.session_state[key] = fresh
    words = {review.id: t("seg.reviewed", who=literal(review.by), when=moment(review.created_at)) for review in reviews}
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
        layers_viewer.kept(f"layers-{result.id}", said)
        st.session_state[f"show-{result.id}"] = review
        st.session_state[f"said-{result.id}"] = "seg.saved"
    st.rerun()  # also after a refusal: the next run tells the browser that it was answered


def _segmentation(result: Result, lesions: NDArray[np.uint8], surfaces: NDArray[np.float32]) -> Segmentation:
    return Segmentation(result.model, result.version, lesions, surfaces, result.result["milliseconds"])


def _spacing(result: Result) -> SpacingMm:
    """(axial, lateral) in mm, as far as they are known."""
    axial, lateral = distances(result, OF_SCAN)
    return axial, lateral


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
    scan: Scan,
    mask: NDArray[np.uint8],
    surfaces: NDArray[np.float32],
    spacing: SpacingMm,
    measured: dict[str, dict[str, float]],
    reviews: dict[str, Review],
) -> None:
    """Of the mask that is shown; the table has the model's beside it."""
    names = {key: key if key == ORIGINAL else _review_name(reviews[key]) for key in measured}
    which = list(names.values())[-1]
    tables = {names[key]: values for key, values in measured.items()}
    ways = (
        Download("labels", "lesions.png", PNG, lambda: files.labels_png(mask, which)),
        Download("npz", "segmentation.npz", NPZ, lambda: files.everything_npz(mask, surfaces, spacing, which)),
        Download("overlay", "overlay.png", PNG, lambda: files.overlay_png(scan.pixels, mask, surfaces, which)),
        Download("csv", "measurements.csv", CSV, lambda: files.measurements_csv(tables, about(result))),
        Download("thickness", "thickness.csv", CSV, lambda: files.thickness_csv(surfaces, spacing)),
    )
    download_row(result, ways, reviewed=which != ORIGINAL, caption=t("seg.downloads"))
    values = ", ".join(f"{value} {name}" for value, name in enumerate(LESIONS, start=1))
    st.caption(t("seg.download_help", values=values))


def _review_name(review: Review) -> str:
    """A correction as files name it: in English and UTC, whoever reads them."""
    return f"review by {review.by}, {review.created_at.isoformat(timespec='seconds')}"
