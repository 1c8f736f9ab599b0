"""Shows a saved classification. Its page and the history both call this, so that a result opened again is what it was."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from octcore import models
from octcore.classify import Classification, classify
from octcore.scan import Scan
from octcore.store import Result, Store, User
from octcore.taxonomy import ClassifyTask
from ui import viewer, volume_result
from ui.charts import probability_chart
from ui.gate import caveats_of
from ui.labels import shorts
from ui.notices import show_notices
from ui.scans import opened
from ui.words import t


def analyse(store: Store, user: User, data: bytes, name: str, model: str, task: ClassifyTask = "oct") -> tuple[Result, bool]:
    """This user's result for a file's bytes: the saved one where there is one, else a new one, saved before it is
    returned. The second value says whether it was there. Raises `ScanError`, `Refused`, `models.ModelError` and, for
    a volume that is still being read, `Working`."""
    scan = opened(data, name)
    if scan.slices > 1 and task == "oct":
        return volume_result.analyse(store, user, scan, data, name, model)
    version = models.version_of(model, task)
    known = store.find(user.id, scan.sha256, model, version, task)
    if known:
        return known, True
    caveats = caveats_of(scan, task)
    said = classify(scan, model, task)
    result_id = store.save_result(
        user.id,
        task=task,
        scan_bytes=data,
        file_name=name,
        sha256=scan.sha256,
        result=_as_json(said, scan, caveats),
        thumbnail_png=viewer.scan_png(scan.pixels, 240),
        heatmap_png=viewer.heat_png(said.heatmap, _shape(scan)),
        label=said.label,
        probability=said.probability,
        model=model,
        version=version,
    )
    saved = store.result(user.id, result_id)
    assert saved is not None
    return saved, False


def _shape(scan: Scan) -> tuple[int, int]:
    return int(scan.pixels.shape[0]), int(scan.pixels.shape[1])


def _as_json(said: Classification, scan: Scan, caveats: list[str]) -> dict[str, object]:
    return {
        "probabilities": said.probabilities,
        "uncertainty": said.uncertainty,
        "prediction_set": list(said.prediction_set),
        "caveats": list(dict.fromkeys([*said.caveats, *caveats])),
        "warnings": list(scan.warnings),
        "milliseconds": said.milliseconds,
        "synthetic": scan.synthetic,
        "format": scan.format,
        "size": list(_shape(scan)),
    }


@st.cache_data(max_entries=64, show_spinner=False)
def _for_browser(sha256: str, _data: bytes, _name: str) -> bytes:
    """The upload as the browser can draw it (TIFF and deep grey cannot be drawn as they are)."""
    return viewer.for_browser(opened(_data, _name).pixels)


def show_result(store: Store, result: Result) -> None:
    """The whole of a result: scan and heat map at the left, verdict and chart at the right, words below."""
    saved = result.result
    name = t(f"disease.{result.label}.name")
    show_notices(saved)
    if "volume" in saved:
        volume_result.show_slices(store, result)
    else:
        _one_picture(store, result, name)
    with st.container(border=True):
        for column, part in zip(st.columns(3, gap="medium"), ("what", "looks", "next"), strict=True):
            column.markdown(f"**{t(f'view.{part}')}**")
            column.markdown(t(f"disease.{result.label}.{part}"))
        st.caption(t("view.source", cite=t(f"disease.{result.label}.cite")))
    made = t("view.model", model=result.model, version=result.version, milliseconds=saved["milliseconds"])
    st.caption(f"{made}  \n{t('app.not_a_device')}")


def _one_picture(store: Store, result: Result, name: str) -> None:
    saved = result.result
    left, right = st.columns([3, 2], gap="medium")
    with left:
        picture = _for_browser(result.sha256, store.file_bytes(result.user_id, result.id, "scan"), result.file_name)
        heat = store.file_bytes(result.user_id, result.id, "heatmap")
        viewer.show(picture, heat, alt=f"{result.file_name}: {name}", key=f"viewer-{result.id}")
    with right:
        st.markdown(f"##### {t('view.verdict', name=name)}")
        first, second = st.columns(2)
        first.metric(t("view.probability"), f"{result.probability:.1%}")
        if result.label in ("DRUSEN", "CNV"):
            second.metric(t("view.family"), f"{saved['probabilities']['AMD']:.1%}")
        st.caption(t("view.chart"))
        chart = probability_chart(saved["probabilities"], tuple(saved["prediction_set"]))
        st.plotly_chart(chart, key=f"chart-{result.id}", config={"displayModeBar": False})
        _say_set(saved["prediction_set"])


def _say_set(members: Sequence[str]) -> None:
    st.markdown(f"{t('view.set')} **{shorts(members)}**")
    st.caption(t("view.certain" if len(members) == 1 else "view.unsure"))
