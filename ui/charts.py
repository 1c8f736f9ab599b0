"""Plotly charts that follow the page's theme."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go

from octcore.taxonomy import COLOURS, OCT_LABELS
from ui.words import t


def probability_chart(probabilities: Mapping[str, float], prediction_set: tuple[str, ...]) -> go.Figure:
    """Every class as a bar, most probable on top; classes outside the 95 % set are pale."""
    names = sorted((n for n in probabilities if n in OCT_LABELS), key=lambda n: probabilities[n])
    figure = go.Figure(
        go.Bar(
            x=[probabilities[n] for n in names],
            y=names,
            orientation="h",
            marker={"color": [COLOURS[n] for n in names], "opacity": [1.0 if n in prediction_set else 0.4 for n in names]},
            text=[f"{probabilities[n]:.1%}" for n in names],
            textposition="outside",
            cliponaxis=False,
            customdata=[t(f"disease.{n}.name") for n in names],
            hovertemplate="%{customdata}<br>%{x:.2%}<extra></extra>",
        )
    )
    figure.update_layout(
        height=44 + 30 * len(names),
        margin={"l": 4, "r": 48, "t": 4, "b": 24},
        xaxis={"range": [0, 1.0], "tickformat": ".0%", "fixedrange": True},
        yaxis={"fixedrange": True},
        bargap=0.35,
        showlegend=False,
    )
    return figure
