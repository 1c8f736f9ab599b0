"""Plotly chart of the lesions along a volume: how much of each there is in every slice."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from octcore.taxonomy import LESION_COLOURS, LESIONS
from ui.words import t


def lesion_chart(
    pixels: NDArray[np.int64],
    chosen: int,
    *,
    pixel_mm2: float | None,
    reviewed: Collection[int] = (),
    before: NDArray[np.int64] | None = None,
) -> go.Figure:
    """Bars of ``pixels``, int64 (S, lesions), in mm² where a pixel's area is known. The slice that is shown has a line,
    ``reviewed`` slices a mark; ``before``: the model's, as a line, where the bars are a reviewer's."""
    scale, unit = (pixel_mm2, "mm²") if pixel_mm2 else (1.0, "px")
    areas = pixels * scale
    numbers = np.arange(1, len(areas) + 1)
    figure = go.Figure()
    for k, name in enumerate(LESIONS):
        if areas[:, k].any():
            figure.add_bar(
                x=numbers, y=areas[:, k], name=name, marker={"color": LESION_COLOURS[name], "line": {"width": 0}},
                hovertemplate=f"{t('volume.slice_profile')}<br>{name} %{{y:.4~g}} {unit}<extra></extra>",
            )  # fmt: skip
    top = float(max(areas.sum(axis=1).max(), 0 if before is None else before.sum(axis=1).max() * scale)) or 1.0
    if before is not None:
        figure.add_scatter(
            x=numbers, y=before.sum(axis=1) * scale, name=t("seg.column.original"), mode="lines",
            line={"color": "#888888", "dash": "dot", "width": 2, "shape": "hvh"},
            hovertemplate=f"{t('volume.slice_profile')}<br>{t('seg.column.original')} %{{y:.4~g}} {unit}<extra></extra>",
        )  # fmt: skip
    figure.add_scatter(  # also a slice without lesions can be pointed at and clicked
        x=numbers, y=np.zeros(len(numbers)), mode="markers", marker={"size": 10, "opacity": 0, "color": "#888888"},
        selected={"marker": {"opacity": 0}}, unselected={"marker": {"opacity": 0}}, showlegend=False,
        hovertemplate=f"{t('volume.slice_profile')}<extra></extra>",
    )  # fmt: skip
    if reviewed:
        figure.add_scatter(
            x=[k + 1 for k in reviewed], y=[top * 1.1] * len(reviewed), name=t("volume.reviewed_mark"), mode="markers",
            marker={"symbol": "diamond", "size": 9, "color": "#d99a2b"},
            selected={"marker": {"opacity": 1}}, unselected={"marker": {"opacity": 1}},
            hovertemplate=f"{t('volume.slice_profile')}<br>{t('volume.reviewed_mark')}<extra></extra>",
        )  # fmt: skip
    figure.add_vline(x=chosen + 1, line={"color": "#888888", "width": 2})
    figure.update_layout(
        barmode="stack",
        height=230,
        margin={"l": 4, "r": 8, "t": 4, "b": 4},
        xaxis={"title": {"text": t("volume.axis_slice")}, "fixedrange": True, "range": [0.5, len(areas) + 0.5]},
        yaxis={"title": {"text": unit}, "fixedrange": True, "range": [0, top * 1.2]},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hovermode="x",
        hoverdistance=-1,  # anywhere above a slice is that slice
        dragmode=False,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    return figure
