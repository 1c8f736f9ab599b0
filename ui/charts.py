"""Plotly charts that follow the page's theme."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go

from octcore.taxonomy import COLOURS, OCT_FAMILIES
from ui.labels import short
from ui.words import t


def probability_chart(probabilities: Mapping[str, float], prediction_set: tuple[str, ...]) -> go.Figure:
    """Every class as a bar, most probable on top; classes outside the 95 % set are pale.

    Below them each family, hatched and marked Σ: it is the sum of bars above, and no class beside them.
    """
    classes = sorted((n for n in probabilities if n not in OCT_FAMILIES), key=lambda n: probabilities[n])
    families = [n for n in OCT_FAMILIES if n in probabilities]
    names = [*families, *classes]
    hovers = [t("view.family_bar", family=n, members=" + ".join(OCT_FAMILIES[n])) for n in families]
    hovers += [t(f"disease.{n}.name") for n in classes]
    figure = go.Figure(
        go.Bar(
            x=[probabilities[n] for n in names],
            y=[f"Σ {n}" if n in families else short(n) for n in names],
            orientation="h",
            marker={
                "color": [COLOURS[n] for n in names],
                "opacity": [1.0 if n in families or n in prediction_set else 0.4 for n in names],
                "pattern": {"shape": ["/" if n in families else "" for n in names], "size": 6},
            },
            text=[f"{probabilities[n]:.1%}" for n in names],
            textposition="outside",
            cliponaxis=False,
            customdata=hovers,
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
