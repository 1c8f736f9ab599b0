"""A segmented volume to look through: the slice that the slider shows with its brush, the lesions along the volume, the map
of thickness, the measurements, the downloads. Moving the slider draws only this anew."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from octcore import report
from octcore.measure_volume import VolumeMeasurements, measure_volume
from octcore.scan import Scan, Spacing
from octcore.store import Result, Store
from octcore.taxonomy import LESIONS
from octcore.volume_files import outlines_npz, thickness_map_csv
from ui import layers_viewer, viewer, volume_reviews, volume_slice
from ui.downloads import CSV, NPZ, PNG, Download, about, download_row
from ui.lesion_chart import lesion_chart
from ui.scans import slice_of
from ui.segmentation_table import lesion_names
from ui.volume_charts import thickness_map
from ui.volume_reviews import ORIGINAL, Outlines
from ui.volume_table import volume_rows
from ui.words import t


@st.cache_resource(max_entries=8, show_spinner=False)
def _measured(
    result_id: str,
    version: tuple[str, ...],
    spacing: Spacing,
    _lesions: NDArray[np.uint8],
    _surfaces: NDArray[np.float32],
    _saved: Mapping[str, object],
) -> VolumeMeasurements:
    side, first = _saved.get("laterality"), _saved.get("first_slice")
    return measure_volume(_lesions, _surfaces, spacing, side, first)  # type: ignore[arg-type]


@st.fragment
def explore(
    store: Store, result: Result, scan: Scan, outlined: Outlines, surfaces: NDArray[np.float32], spacing: Spacing
) -> None:
    """All of it. ``surfaces``: float32 (S, 8, W)."""
    model = _measured(result.id, (), spacing, outlined.model, surfaces, result.result)
    measured = _measured(result.id, outlined.key, spacing, outlined.shown, surfaces, result.result)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        chosen = volume_slice.choose(result.id, len(surfaces), int(result.result["worst"]))
        _slice(store, result, scan, outlined, surfaces, spacing, chosen)
        _lesions(result, outlined, spacing, model, measured, chosen)
    with right:
        _map(result, chosen, spacing, measured, outlined)
        columns = [measured, model] if outlined.reviewed else [model]
        rows = volume_rows(*columns)
        titles = [t("seg.column.reviewed"), t("seg.column.original")][-len(columns) :]
        lines = {t("seg.measurement"): list(rows)}
        lines |= {title: [texts[place] for texts in rows.values()] for place, title in enumerate(titles)}
        st.table(lines, hide_index=True, border="horizontal")
    _downloads(result, scan, outlined, surfaces, spacing, model, measured, chosen)


def _slice(
    store: Store,
    result: Result,
    scan: Scan,
    outlined: Outlines,
    surfaces: NDArray[np.float32],
    spacing: Spacing,
    chosen: int,
) -> None:
    key = f"layers-{result.id}"
    lesions = outlined.shown[chosen]
    said = layers_viewer.show(
        viewer.scan_png(slice_of(scan, chosen)),
        lesions,
        surfaces[chosen],
        mask_id=volume_reviews.mask_id(result, chosen, outlined),
        alt=t("volume.alt", name=result.file_name, slice=chosen + 1, found=lesion_names(lesions)),
        key=key,
        axial_mm=spacing.axial,
        slice_number=chosen + 1,
    )
    if said is not None:
        volume_reviews.save(store, result, said, outlined, key)
    volume_reviews.say_outcome(result)
    volume_reviews.say_review(store, result, outlined, chosen)


def _lesions(
    result: Result,
    outlined: Outlines,
    spacing: Spacing,
    model: VolumeMeasurements,
    measured: VolumeMeasurements,
    chosen: int,
) -> None:
    """The lesions along the volume, and the reviewed slices: both lead to their slice."""
    st.caption(t("volume.lesions_along") + " " + t("volume.click"))
    chart = f"lesions-{result.id}"
    area = spacing.axial * spacing.lateral if spacing.axial and spacing.lateral else None
    st.plotly_chart(
        lesion_chart(
            measured.pixels,
            chosen,
            pixel_mm2=area,
            reviewed=list(outlined.reviews),
            before=model.pixels if outlined.reviewed else None,
        ),
        key=chart,
        on_select=volume_slice.follow(chart, result.id, len(measured.pixels), lambda point: point["x"] - 1),
        selection_mode="points",
        config={"displayModeBar": False},
        alt=t("volume.lesions_along"),
    )
    if outlined.reviews:
        slices = list(outlined.reviews)
        volume_slice.listed(t("volume.reviewed_slices"), result.id, slices, chosen, lambda k: f"✎ {k + 1}")


def _map(result: Result, chosen: int, spacing: Spacing, measured: VolumeMeasurements, outlined: Outlines) -> None:
    st.caption(t("volume.map") + " " + t("volume.click"))
    down = spacing.slice if spacing.slice and spacing.lateral else None
    chart = f"map-{result.id}"
    figure = thickness_map(
        measured.thickness,
        chosen,
        unit="µm" if measured.unit == "um" else "px",
        slice_mm=down,
        lateral_mm=spacing.lateral if down else None,
        fovea=measured.fovea,
        subfields=measured.values,
        laterality=result.result.get("laterality"),
        first=result.result.get("first_slice"),
        marked=list(outlined.reviews),
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


def _downloads(
    result: Result,
    scan: Scan,
    outlined: Outlines,
    surfaces: NDArray[np.float32],
    spacing: Spacing,
    model: VolumeMeasurements,
    measured: VolumeMeasurements,
    chosen: int,
) -> None:
    """Of the outlines that are shown; the table has the model's beside them."""
    which = outlined.name
    tables = {outlined.name: measured.values, ORIGINAL: model.values}
    origin = about(result) | {"fovea": measured.fovea.found}
    reviewed = {k: f"{r.by}, {r.created_at.isoformat(timespec='seconds')}" for k, r in outlined.reviews.items()}
    lesions, part = outlined.shown, f"slice-{chosen + 1:03d}"
    one = lesions[chosen]
    here = f"slice {chosen + 1}: " + (f"review by {reviewed[chosen]}" if outlined.reviewed and chosen in reviewed else ORIGINAL)
    ways = (
        Download("csv", "measurements.csv", CSV, lambda: report.measurements_csv(tables, origin)),
        Download(
            "npz", "segmentation.npz", NPZ,
            lambda: outlines_npz(lesions, surfaces, spacing, which, reviewed if outlined.reviewed else None),
        ),
        Download("map", "thickness-map.csv", CSV, lambda: thickness_map_csv(measured.thickness, measured.unit)),
        Download("slice_labels", f"{part}-lesions.png", PNG, lambda: report.labels_png(one, here)),
        Download(
            "slice_overlay", f"{part}-overlay.png", PNG,
            lambda: report.overlay_png(slice_of(scan, chosen), one, surfaces[chosen], here),
        ),
    )  # fmt: skip
    shown = t("volume.downloads_reviewed", count=len(reviewed)) if outlined.reviewed else t("volume.downloads_original")
    download_row(result, ways, reviewed=outlined.reviewed, caption=shown)
    st.caption(t("volume.download_help", values=", ".join(f"{value} {name}" for value, name in enumerate(LESIONS, start=1))))
