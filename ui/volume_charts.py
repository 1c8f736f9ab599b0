"""Plotly charts of a volume: the retina's thickness from above, and the probabilities along the slices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from octcore.etdrs import RADII_MM, RINGS, Vertical, quadrants
from octcore.fovea import Fovea
from octcore.scan import Laterality
from octcore.taxonomy import COLOURS, OCT_LABELS
from ui.words import t

_LARGEST = 256
"""Slices and columns of the map that are sent to the browser at the most."""
_POINTS = 2000
"""Places on the map that can be clicked, about."""
_LINE = "#ffffff"
_AGAINST = {"paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)"}


def thickness_map(
    thickness: NDArray[np.float32],
    chosen: int,
    *,
    unit: str,
    slice_mm: float | None,
    lateral_mm: float | None,
    fovea: Fovea,
    subfields: Mapping[str, float],
    laterality: Laterality | None,
    first: Vertical | None,
    marked: Sequence[int] = (),
) -> go.Figure:
    """The map, float32 (S, W) in ``unit``, seen from the front, with the chosen slice; where the distances are known to
    scale and with the ETDRS grid and its means (``subfields``: `octcore.measure_volume`'s keys). The upper side is up where
    ``first`` says which it is, else the first slice is. ``marked``: slices (from 0) that somebody reviewed."""
    steps = [-(-side // _LARGEST) for side in thickness.shape]
    shown = thickness[:: steps[0], :: steps[1]]
    known = slice_mm is not None and lateral_mm is not None
    down, across = (slice_mm or 1.0), (lateral_mm or 1.0)
    rows = np.arange(0, len(thickness), steps[0])
    x = np.asarray((np.arange(shown.shape[1]) * steps[1] + 0.5) * across, np.float64)
    y = np.asarray(rows * down, np.float64)
    finite = shown[np.isfinite(shown)]
    low, high = (0.0, 1.0) if not len(finite) else tuple(float(v) for v in np.percentile(finite, (1, 99)))
    figure = go.Figure(
        go.Heatmap(
            z=np.round(shown, 1),
            x=x,
            y=y,
            zmin=low,
            zmax=max(high, low + 1),
            colorscale="Turbo",
            hoverinfo="skip",
            colorbar={"title": {"text": unit}, "thickness": 10, "len": 0.9, "outlinewidth": 0},
        )
    )
    figure.add_trace(_places(shown, x, y, rows + 1, unit))
    ends = (-across / 2, (thickness.shape[1] + 0.5) * across)
    figure.add_shape(
        type="line", x0=ends[0], x1=ends[1], y0=chosen * down, y1=chosen * down, line={"color": "#000000", "width": 4}
    )
    figure.add_shape(type="line", x0=ends[0], x1=ends[1], y0=chosen * down, y1=chosen * down, line={"color": _LINE, "width": 2})
    if marked:
        figure.add_trace(_marks(marked, down, thickness.shape[1] * across))
    if known:
        _grid(figure, fovea.column * across, fovea.slice * down, subfields, quadrants(laterality, first))
    axis = {"showgrid": False, "zeroline": False, "fixedrange": True}
    figure.update_layout(
        height=350,
        margin={"l": 4, "r": 4, "t": 8, "b": 4},
        xaxis={
            **axis,
            "title": {"text": "mm" if known else t("volume.axis_column")},
            "range": [0, thickness.shape[1] * across],
            "constrain": "domain",
        },
        yaxis={
            **axis,
            "title": {"text": "mm" if known else t("volume.axis_slice")},
            "range": [-down / 2, (len(thickness) - 0.5) * down]
            if first == "inferior"
            else [(len(thickness) - 0.5) * down, -down / 2],
            "constrain": "domain",
            **({"scaleanchor": "x"} if known else {}),
        },
        hovermode="closest",
        hoverdistance=40,
        dragmode=False,
        **_AGAINST,
    )
    return figure


def _places(
    shown: NDArray[np.float32], x: NDArray[np.float64], y: NDArray[np.float64], slices: NDArray[np.int_], unit: str
) -> go.Scatter:
    """Places to point at and to click: the browser tells of clicks on points alone, not of clicks on a map."""
    columns = np.linspace(0, shown.shape[1] - 1, min(shown.shape[1], max(8, min(32, _POINTS // len(shown))))).astype(int)
    at_x, at_y = np.meshgrid(x[columns], y)
    numbers = np.repeat(slices, len(columns))
    values = [f"{v:.0f} {unit}" if np.isfinite(v) else "–" for v in shown[:, columns].ravel()]
    unseen = {"marker": {"opacity": 0}}
    return go.Scatter(
        x=at_x.ravel(),
        y=at_y.ravel(),
        mode="markers",
        marker={"size": 8, "opacity": 0, "color": _LINE},
        selected=unseen,
        unselected=unseen,
        customdata=numbers,
        text=values,
        hovertemplate=f"{t('volume.slice_hover')}<br>%{{text}}<extra></extra>",
        showlegend=False,
    )


def _marks(slices: Sequence[int], down: float, width: float) -> go.Scatter:
    """At both ends of each of those slices."""
    both = [k for k in slices for _ in range(2)]
    steady = {"marker": {"opacity": 1}}
    return go.Scatter(
        x=[0.0, width] * len(slices),
        y=[k * down for k in both],
        mode="markers",
        marker={"symbol": ["triangle-right", "triangle-left"] * len(slices), "size": 11, "color": "#d99a2b"},
        selected=steady,
        unselected=steady,
        customdata=[k + 1 for k in both],
        hovertemplate=f"{t('volume.slice_hover')}<br>{t('volume.reviewed_mark')}<extra></extra>",
        cliponaxis=False,
        showlegend=False,
    )


def _grid(figure: go.Figure, x: float, y: float, subfields: Mapping[str, float], names: tuple[str, str, str, str]) -> None:
    """Circles, diagonals, and each subfield's mean in it."""
    pen = {"color": _LINE, "width": 1.2}
    for radius in RADII_MM:
        figure.add_shape(type="circle", x0=x - radius, x1=x + radius, y0=y - radius, y1=y + radius, line=pen)
    inner, outer = (r * np.sqrt(0.5) for r in (RADII_MM[0], RADII_MM[2]))
    for right in (-1, 1):
        for later in (-1, 1):
            ends = {"x0": x + right * inner, "x1": x + right * outer, "y0": y + later * inner, "y1": y + later * outer}
            figure.add_shape(type="line", **ends, line=pen)
    places: dict[str, tuple[float, float]] = {"central_subfield_thickness_um": (0.0, 0.0)}
    for ring, distance in zip(RINGS, (1.0, 2.25), strict=True):
        for name, (right, later) in zip(names, ((1, 0), (0, 1), (-1, 0), (0, -1)), strict=True):
            places[f"etdrs_{ring}_{name}_um"] = (right * distance, later * distance)
    for key, (aside, onward) in places.items():
        if key in subfields:
            figure.add_annotation(
                x=x + aside, y=y + onward, text=f"{subfields[key]:.0f}", showarrow=False, bgcolor="rgba(0,0,0,.55)",
                font={"color": _LINE, "size": 12}, borderpad=1,
            )  # fmt: skip


def profile(probabilities: NDArray[np.float64], chosen: int, mentioned: tuple[str, ...]) -> go.Figure:
    """Each slice's probabilities, float64 (S, classes), along the volume: NORMAL, and the classes ``mentioned`` or
    somewhere above a tenth. The slice that is shown has a line."""
    numbers = np.arange(1, len(probabilities) + 1)
    figure = go.Figure()
    for k, name in enumerate(OCT_LABELS):
        values = probabilities[:, k]
        if name == "NORMAL" or name in mentioned or float(np.nanmax(values)) > 0.1:
            figure.add_scatter(
                x=numbers,
                y=[None if np.isnan(v) else float(v) for v in values],
                name=name,
                mode="lines+markers",
                line={"color": COLOURS[name], "dash": "dot" if name == "NORMAL" else "solid", "width": 2},
                marker={"size": 6},
                hovertemplate=f"{t('volume.slice_profile')}<br>{name} %{{y:.1%}}<extra></extra>",
            )
    figure.add_vline(x=chosen + 1, line={"color": "#888888", "width": 2})
    figure.update_layout(
        height=260,
        margin={"l": 4, "r": 8, "t": 4, "b": 4},
        xaxis={"title": {"text": t("volume.axis_slice")}, "fixedrange": True, "range": [0.5, len(probabilities) + 0.5]},
        yaxis={"range": [-0.02, 1.04], "tickformat": ".0%", "fixedrange": True},
        legend={"orientation": "h", "y": 1.15},
        hovermode="closest",
        hoverdistance=60,
        dragmode=False,
        **_AGAINST,
    )
    return figure
