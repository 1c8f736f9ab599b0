"""A volume's classification: computed beside the page, saved, and shown as one result for the eye with its slices."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from octcore import volume
from octcore.scan import Scan
from octcore.store import Result, Store, User
from octcore.taxonomy import OCT_LABELS
from octcore.volume_files import slices_npz, slices_of
from ui import viewer, volume_job, volume_slice
from ui.charts import probability_chart
from ui.gate import caveats_of
from ui.labels import shorts
from ui.scans import opened, slice_of
from ui.volume_charts import profile
from ui.words import t

_FIRST = 12
"""Slices that are listed, worst first; the slider and the profile lead to the others."""


def analyse(store: Store, user: User, scan: Scan, data: bytes, name: str, model: str) -> tuple[Result, bool]:
    """As `ui.result_view.analyse`, for a volume. Raises `Working` until the result is there."""
    version = volume.version_of(model, "oct")
    key = (user.id, "oct", scan.sha256, model, version)
    known = store.find(user.id, scan.sha256, model, version)
    if known:
        return known, not volume_job.take(key)
    caveats = caveats_of(scan)

    def work(progress: volume.Progress, cancelled: volume.Cancel) -> None:
        said = volume.classify_volume(scan, model, progress, cancelled)
        worst = _shown_first(said.probabilities, said.order, said.eye.label)
        picture = slice_of(scan, worst)
        store.save_result(
            user.id,
            scan_bytes=data,
            file_name=name,
            sha256=scan.sha256,
            result={
                "probabilities": said.eye.scores,
                "prediction_set": list(said.eye.prediction_set),
                "caveats": list(dict.fromkeys([*said.caveats, *caveats])),
                "warnings": list(scan.warnings),
                "milliseconds": said.milliseconds,
                "synthetic": scan.synthetic,
                "format": scan.format,
                "size": list(picture.shape),
                "volume": scan.slices,
                "worst": worst,
                "order": list(said.order),
            },
            thumbnail_png=viewer.scan_png(picture, 240),
            heatmap_png=viewer.heat_png(said.heatmaps[worst].astype(np.float32) / 255, (picture.shape[0], picture.shape[1])),
            volume_npz=slices_npz(said.probabilities, said.heatmaps),
            label=said.eye.label,
            probability=said.eye.probability,
            model=model,
            version=version,
        )

    raise volume_job.start(key, scan.slices, work)


def _shown_first(probabilities: NDArray[np.float64], order: tuple[int, ...], label: str) -> int:
    """The slice that speaks loudest for the eye's label; of a NORMAL eye the worst one."""
    return order[0] if label == "NORMAL" else int(np.nanargmax(probabilities[:, OCT_LABELS.index(label)]))


@st.cache_resource(max_entries=4, show_spinner=False)
def _slices(result_id: str, _data: bytes) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    return slices_of(_data)


def show_slices(store: Store, result: Result) -> None:
    """The slices at the left, the eye's result at the right; under the slice the profile, and the slices worst first."""
    probabilities, heatmaps = _slices(result.id, store.file_bytes(result.user_id, result.id, "volume"))
    scan = opened(store.file_bytes(result.user_id, result.id, "scan"), result.file_name)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _explore(result, scan, probabilities, heatmaps)
    with right:
        _eye(result)


def _eye(result: Result) -> None:
    saved = result.result
    st.markdown(f"##### {t('view.verdict', name=t(f'disease.{result.label}.name'))}")
    first, second = st.columns(2)
    first.metric(t("volume.score"), f"{result.probability:.1%}")
    if result.label in ("DRUSEN", "CNV"):
        second.metric(t("view.family"), f"{saved['probabilities']['AMD']:.1%}")
    chart = probability_chart(saved["probabilities"], tuple(saved["prediction_set"]))
    st.plotly_chart(chart, key=f"chart-{result.id}", config={"displayModeBar": False})
    st.markdown(f"{t('volume.possible')} **{shorts(saved['prediction_set'])}**")
    st.caption(t("volume.possible_help"))
    st.caption(t("volume.rule", slices=saved["volume"]))


@st.fragment
def _explore(result: Result, scan: Scan, probabilities: NDArray[np.float64], heatmaps: NDArray[np.uint8]) -> None:
    count = len(probabilities)
    chosen = volume_slice.choose(result.id, count, int(result.result["worst"]))
    says = _says(chosen, probabilities)
    st.markdown(f"**{says}**")
    picture = slice_of(scan, chosen)
    viewer.show(
        viewer.scan_png(picture),
        viewer.heat_png(heatmaps[chosen].astype(np.float32) / 255, (picture.shape[0], picture.shape[1])),
        alt=t("volume.alt_heat", name=result.file_name, slice=chosen + 1, found=says),
        key=f"viewer-{result.id}",
    )
    st.caption(t("volume.profile") + " " + t("volume.click"))
    chart = f"profile-{result.id}"
    st.plotly_chart(
        profile(probabilities, chosen, tuple(result.result["prediction_set"])),
        key=chart,
        on_select=volume_slice.follow(chart, result.id, count, lambda point: point["x"] - 1),
        selection_mode="points",
        config={"displayModeBar": False},
        alt=t("volume.profile"),
    )
    order = result.result["order"][:_FIRST]
    volume_slice.listed(t("volume.worst_first"), result.id, order, chosen, lambda k: _says(k, probabilities))


def _says(index: int, probabilities: NDArray[np.float64]) -> str:
    """A slice's own most probable class."""
    if np.isnan(probabilities[index]).any():
        return t("volume.slice_blank")
    best = int(probabilities[index].argmax())
    return t("volume.slice_says", slice=index + 1, label=OCT_LABELS[best], probability=float(probabilities[index, best]))
