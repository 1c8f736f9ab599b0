"""A volume's segmentation: computed beside the page, saved, and shown slice by slice with its map of thickness."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from octcore import volume
from octcore.measure_volume import VolumeMeasurements, first_slice, measure_volume
from octcore.report import measurements_csv, overlay
from octcore.scan import Scan, Spacing
from octcore.store import Result, Store, User
from octcore.taxonomy import FLUID, LESIONS
from octcore.volume_files import outlines_npz, outlines_of
from ui import layers_viewer, viewer, volume_job, volume_slice
from ui.gate import caveats_of
from ui.scans import opened, slice_of
from ui.volume_charts import thickness_map
from ui.volume_table import volume_rows
from ui.words import TABLES, t

_REMEMBERED = "volume_spacing_by_hand"
_LARGEST_MM = (2.0, 0.1, 0.5)
"""No device's slices, rows or columns are farther apart."""


def segment_scan(store: Store, user: User, scan: Scan, data: bytes, name: str, model: str) -> tuple[Result, bool]:
    """As `ui.segmentation_view.segment_scan`, for a volume. Raises `Working` until the result is there."""
    version = volume.version_of(model, "segment")
    key = (user.id, "segment", scan.sha256, model, version)
    known = store.find(user.id, scan.sha256, model, version, task="segment")
    if known:
        return known, not volume_job.take(key)
    caveats = caveats_of(scan)
    by_hand = None if all(scan.spacing_mm) else st.session_state.get(_REMEMBERED)

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
            label="+".join(n for k, n in enumerate(LESIONS, start=1) if (said.lesions == k).any()) or "NONE",
            probability=None,
            model=model,
            version=version,
        )

    raise volume_job.start(key, scan.slices, work)


def _worst(lesions: NDArray[np.uint8]) -> int:
    """The slice with the most fluid, else with the most of any lesion, else the middle one."""
    for mask in (np.isin(lesions, [LESIONS.index(n) + 1 for n in FLUID]), lesions > 0):
        counts = mask.sum(axis=(1, 2))
        if counts.any():
            return int(counts.argmax())
    return len(lesions) // 2


@st.cache_resource(max_entries=2, show_spinner=False)
def _outlines(result_id: str, _data: bytes) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    return outlines_of(_data)


@st.cache_resource(max_entries=8, show_spinner=False)
def _measured(
    result_id: str,
    spacing: Spacing,
    _lesions: NDArray[np.uint8],
    _surfaces: NDArray[np.float32],
    _saved: Mapping[str, object],
) -> VolumeMeasurements:
    side, first = _saved.get("laterality"), _saved.get("first_slice")
    return measure_volume(_lesions, _surfaces, spacing, side, first)  # type: ignore[arg-type]


def show_volume(store: Store, result: Result) -> None:
    """The whole of a result: slice by slice at the left, the map of thickness and the measurements at the right."""
    lesions, surfaces = _outlines(result.id, store.file_bytes(result.user_id, result.id, "volume"))
    data = store.file_bytes(result.user_id, result.id, "scan")
    scan = opened(data, result.file_name)
    for caveat in result.result["caveats"]:
        key = f"caveat.{caveat}"
        (st.info if caveat == "synthetic" else st.warning)(t(key if key in TABLES["en"] else "seg.caveat"))
    for warning in result.result["warnings"]:
        st.info(t(f"warning.{warning}"))
    if result.label == "NONE":
        st.info(t("volume.none"))
    spacing = _spacing(result)
    measured = _measured(result.id, spacing, lesions, surfaces, result.result)
    _explore(result, scan, lesions, surfaces, spacing, measured)
    _ask_spacing(store, result)
    _downloads(result, lesions, surfaces, spacing, measured)
    made = t("view.model", model=result.model, version=result.version, milliseconds=result.result["milliseconds"])
    st.caption(f"{made}  \n{t('app.not_a_device')}")


@st.fragment
def _explore(
    result: Result,
    scan: Scan,
    lesions: NDArray[np.uint8],
    surfaces: NDArray[np.float32],
    spacing: Spacing,
    measured: VolumeMeasurements,
) -> None:
    left, right = st.columns([3, 2], gap="medium")
    with left:
        chosen = volume_slice.choose(result.id, len(lesions), int(result.result["worst"]))
        found = [n for k, n in enumerate(LESIONS, start=1) if (lesions[chosen] == k).any()]
        names = ", ".join(t(f"lesion.{n}") for n in found) or t("seg.nothing_found")
        layers_viewer.show(
            viewer.scan_png(slice_of(scan, chosen)),
            lesions[chosen],
            surfaces[chosen],
            mask_id=f"{result.id}/{chosen}",
            alt=t("volume.alt", name=result.file_name, slice=chosen + 1, found=names),
            key=f"layers-{result.id}",
            axial_mm=spacing.axial,
            editable=False,
        )
    with right:
        _map(result, chosen, spacing, measured)
        st.table(
            {t("seg.measurement"): list(rows := volume_rows(measured)), t("seg.column.original"): list(rows.values())},
            hide_index=True,
            border="horizontal",
        )


def _map(result: Result, chosen: int, spacing: Spacing, measured: VolumeMeasurements) -> None:
    st.caption(t("volume.map") + " " + t("volume.click"))
    down = spacing.slice if spacing.slice and spacing.lateral else None
    chart = f"map-{result.id}"
    figure = thickness_map(
        measured.thickness,
        chosen,
        unit="µm" if spacing.axial else "px",
        slice_mm=down,
        lateral_mm=spacing.lateral if down else None,
        fovea=measured.fovea,
        subfields=measured.values,
        laterality=result.result.get("laterality"),
        first=result.result.get("first_slice"),
    )
    st.plotly_chart(
        figure,
        key=chart,
        on_select=volume_slice.follow(chart, result.id, len(measured.thickness), lambda point: point["y"] / (down or 1.0)),
        selection_mode="points",
        config={"displayModeBar": False},
        alt=t("volume.map"),
    )
    if "fovea_slice" in measured.values:
        place = t(f"volume.fovea_{measured.fovea.found}", slice=round(measured.fovea.slice) + 1)
        sides = "" if result.result.get("laterality") else " " + t("volume.side_unknown")
        ends = "" if result.result.get("first_slice") else " " + t("volume.direction_unknown")
        st.caption(f"{place}{sides}{ends}")


def _spacing(result: Result) -> Spacing:
    """What the file says, else what a person said, else None."""
    file = result.result.get("spacing_mm") or (None,) * 3
    hand = result.result.get("spacing_by_hand_mm") or (None,) * 3
    return Spacing(*(f or h for f, h in zip(file, hand, strict=True)))


def _ask_spacing(store: Store, result: Result) -> None:
    """The distances by hand, where the file does not say them. They stay with the result, and are the next volume's start."""
    file = result.result.get("spacing_mm") or (None,) * 3
    if file[0] and file[1] and file[2]:
        words = t("volume.spacing_file", slice=file[0] * 1000, axial=file[1] * 1000, lateral=file[2] * 1000)
        st.caption(words)
        return
    hand = result.result.get("spacing_by_hand_mm") or (None,) * 3
    keys = [f"{name}-distance-{result.id}" for name in Spacing._fields]

    def keep() -> None:
        given = [st.session_state.get(key) for key in keys]
        said = [None if value is None else float(value) / 1000 for value in given]
        st.session_state[_REMEMBERED] = said if any(said) else None
        store.annotate(result.user_id, result.id, {"spacing_by_hand_mm": said if any(said) else None})

    with st.expander(t("volume.spacing"), expanded=not any(hand)):
        st.caption(t("volume.spacing_help"))
        names = ("volume.slice_distance", "seg.axial", "seg.lateral")
        for column, key, name, from_file, value, most in zip(st.columns(3), keys, names, file, hand, _LARGEST_MM, strict=True):
            if from_file:
                column.metric(t(name), f"{from_file * 1000:.2f}")
                continue
            st.session_state.setdefault(key, None if value is None else round(value * 1000, 4))
            column.number_input(
                t(name), min_value=0.1, max_value=most * 1000, value=None, step=0.1, format="%.2f", key=key, on_change=keep,
                placeholder=t("seg.unknown"),
            )  # fmt: skip


def _downloads(
    result: Result, lesions: NDArray[np.uint8], surfaces: NDArray[np.float32], spacing: Spacing, measured: VolumeMeasurements
) -> None:
    """Made when they are asked for."""
    stem = Path(result.file_name).stem or "scan"
    about = {"file": result.file_name, "sha256": result.sha256, "model": result.model, "version": result.version}
    about["fovea"] = measured.fovea.found
    ways = (
        ("csv", "-measurements.csv", "text/csv", lambda: measurements_csv({"original": measured.values}, about)),
        ("npz", "-segmentation.npz", "application/octet-stream", lambda: outlines_npz(lesions, surfaces, spacing)),
    )
    with st.container(horizontal=True, gap="small"):
        for name, ending, kind, make in ways:
            st.download_button(
                t(f"seg.download.{name}"), make, f"{stem}{ending}", kind, key=f"{name}-{result.id}", on_click="ignore",
                icon=":material/download:",
            )  # fmt: skip
