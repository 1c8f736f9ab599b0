"""Plotly chart of the retina's thickness along a B-scan, layer upon layer."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from octcore.measure import SpacingMm, thickness_along
from octcore.taxonomy import LAYER_COLOURS, LAYERS
from ui.words import t

_LARGEST = 256
"""Places along the scan that are sent to the browser at the most."""


def thickness_chart(surfaces: NDArray[np.float32], spacing: SpacingMm) -> go.Figure | None:
    """Of surfaces, float32 (8, W): the layers as areas, the thinnest list of numbers that shows them, and the whole retina
    as a line. In um and mm as far as ``spacing`` (axial, lateral) is known. None where no column is known."""
    axial, lateral = spacing
    values = thickness_along(surfaces) * (axial * 1000 if axial else 1.0)
    if not np.isfinite(values).any():
        return None
    step = -(-values.shape[1] // _LARGEST)
    shown = np.round(values[:, ::step], 1)
    places = (np.arange(0, values.shape[1], step) + 0.5) * (lateral or 1.0)
    unit = "µm" if axial else "px"
    figure = go.Figure()
    for name, layer in reversed(list(zip(LAYERS, shown[1:], strict=True))):  # the lowest layer lies at the bottom
        figure.add_scatter(
            x=places, y=layer, name=name, stackgroup="layers", mode="lines", line={"width": 0.5, "color": LAYER_COLOURS[name]},
            hovertemplate=f"{name} %{{y:.1f}} {unit}<extra></extra>",
        )  # fmt: skip
    figure.add_scatter(
        x=places, y=shown[0], name=t("measure.retina"), mode="lines", line={"width": 1.5, "color": "#888888"},
        hovertemplate=f"{t('measure.retina')} %{{y:.0f}} {unit}<extra></extra>",
    )  # fmt: skip
    figure.update_layout(
        height=260,
        margin={"l": 4, "r": 8, "t": 4, "b": 4},
        xaxis={"title": {"text": "mm" if lateral else t("volume.axis_column")}, "fixedrange": True, "hoverformat": ".2f"},
        yaxis={"title": {"text": unit}, "fixedrange": True, "rangemode": "tozero"},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "reversed"},
        hovermode="x unified",
        dragmode=False,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    return figure
