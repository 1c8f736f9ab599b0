"""A volume's segmentation: computed beside the page, saved, and shown."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from octcore import volume
from octcore.measure_volume import first_slice, measure_volume
from octcore.report import overlay
from octcore.scan import Scan, Spacing
from octcore.segment import fluid_in, lesions_in
from octcore.store import Result, Store, User
from octcore.volume_files import outlines_npz, outlines_of
from ui import viewer, volume_job, volume_reviews
from ui.distances import OF_VOLUME, ask_distances, distances, remembered
from ui.gate import caveats_of
from ui.notices import show_notices
from ui.scans import opened, slice_of
from ui.volume_explore import explore
from ui.words import t


def segment_scan(store: Store, user: User, scan: Scan, data: bytes, name: str, model: str) -> tuple[Result, bool]:
    """As `ui.segmentation_view.segment_scan`, for a volume. Raises `Working` until the result is there."""
    version = volume.version_of(model, "segment")
    key = (user.id, "segment", scan.sha256, model, version)
    known = store.find(user.id, scan.sha256, model, version, task="segment")
    if known:
        return known, not volume_job.take(key)
    caveats = caveats_of(scan)
    by_hand = remembered(OF_VOLUME, scan.spacing_mm)  # here: the job has no session

    def work(progress: volume.Progress, cancelled: volume.Cancel) -> None:
        said = volume.segment_volume(scan, model, progress, cancelled)
        measured = measure_volume(said.lesions, said.surfaces, scan.spacing_mm, scan.laterality, first_slice(scan))
        worst = _worst(said.lesions)
        nowhere = np.full_like(said.surfaces[worst], np.nan)
        store.save_result(
            user.id,
            task="segment",
            scan_bytes=data,
            file_name=name,
            sha256=scan.sha256,
            result={
                "measurements": measured.values,
                "spacing_mm": list(scan.spacing_mm),
                "spacing_by_hand_mm": by_hand,
                "laterality": scan.laterality,
                "first_slice": first_slice(scan),
                "caveats": list(dict.fromkeys([*said.caveats, *caveats])),
                "warnings": list(scan.warnings),
                "milliseconds": said.milliseconds,
                "synthetic": scan.synthetic,
                "format": scan.format,
                "size": list(said.lesions.shape[1:]),
                "volume": scan.slices,
                "worst": worst,
            },
            thumbnail_png=viewer.scan_png(overlay(slice_of(scan, worst), said.lesions[worst], nowhere), 240),
            volume_npz=outlines_npz(said.lesions, said.surfaces, scan.spacing_mm),
            label="+".join(lesions_in(said.lesions)) or "NONE",
            probability=None,
            model=model,
            version=version,
        )

    raise volume_job.start(key, scan.slices, work)


def _worst(lesions: NDArray[np.uint8]) -> int:
    """The slice with the most fluid, else with the most of any lesion, else the middle one."""
    for mask in (fluid_in(lesions), lesions > 0):
        counts = mask.sum(axis=(1, 2))
        if counts.any():
            return int(counts.argmax())
    return len(lesions) // 2


@st.cache_resource(max_entries=2, show_spinner=False)
def _outlines(result_id: str, _data: bytes) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    return outlines_of(_data)


def show_volume(store: Store, result: Result) -> None:
    """The whole of a result: which outlines, the volume to look through, its distances."""
    lesions, surfaces = _outlines(result.id, store.file_bytes(result.user_id, result.id, "volume"))
    scan = opened(store.file_bytes(result.user_id, result.id, "scan"), result.file_name)
    show_notices(result.result)
    if result.label == "NONE":
        st.info(t("volume.none"))
    outlined = volume_reviews.outlines(store, result, lesions)
    explore(store, result, scan, outlined, surfaces, Spacing(*distances(result, OF_VOLUME)))
    ask_distances(store, result, OF_VOLUME)
    made = t("view.model", model=result.model, version=result.version, milliseconds=result.result["milliseconds"])
    st.caption(f"{made}  \n{t('app.not_a_device')}")
