"""The figures of cards and of running training (Matplotlib and Seaborn)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.figure import Figure
from numpy.typing import NDArray

from octcore.metrics import Labelled, score, truth_of


def save(figure: Figure, file: Path) -> None:
    """Write a figure as PNG and forget it."""
    figure.tight_layout()
    figure.savefig(file, dpi=90)
    plt.close(figure)


def roc_figure(rows: list[Labelled], probabilities: NDArray[np.float64], per_class: dict[str, Any]) -> Figure:
    """One ROC curve a label, one against the rest."""
    figure, axes = plt.subplots(figsize=(5.5, 5))
    for name, block in per_class.items():
        if block["auc"] is None:
            continue
        usable, positive = truth_of(name, rows)
        order = np.argsort(-score(name, probabilities)[usable])
        hits = positive[usable][order]
        axes.plot(
            np.r_[0, np.cumsum(~hits) / max(1, (~hits).sum())],
            np.r_[0, np.cumsum(hits) / max(1, hits.sum())],
            label=f"{name} {block['auc']:.3f} (n={block['n']})",
            lw=1.4,
        )
    axes.plot([0, 1], [0, 1], color="grey", lw=0.6)
    axes.set(xlabel="1 - specificity", ylabel="sensitivity", title="ROC, test patients")
    axes.legend(fontsize=8, loc="lower right")
    return figure


def confusion_figure(confusion: dict[str, Any]) -> Figure:
    """Counts; rows are the data's labels, columns what was said among the source's labels."""
    figure, axes = plt.subplots(figsize=(6, 5))
    sns.heatmap(
        np.array(confusion["matrix"]),
        annot=True,
        fmt="d",
        cmap="Blues",
        cbar=False,
        ax=axes,
        xticklabels=confusion["labels"],
        yticklabels=confusion["labels"],
    )
    axes.set(xlabel="said", ylabel="label", title="Confusion, test patients")
    return figure


def reliability_figure(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> Figure:
    """Accuracy against the probability shown, ten bins; the bars below are how many scans each holds."""
    figure, (upper, lower) = plt.subplots(2, 1, figsize=(5, 5.5), height_ratios=[3, 1], sharex=True)
    edges = np.linspace(0, 1, 11)
    place = np.minimum((confidence * 10).astype(int), 9)
    found = np.unique(place)
    upper.plot([0, 1], [0, 1], color="grey", lw=0.6)
    upper.plot([confidence[place == b].mean() for b in found], [right[place == b].mean() for b in found], "o-")
    upper.set(ylabel="accuracy", title="Reliability, test patients")
    lower.hist(confidence, bins=list(edges), color="grey")
    lower.set(xlabel="probability shown", ylabel="scans")
    return figure


def curves_figure(history: list[dict[str, float]]) -> Figure:
    """Training and validation loss by epoch; the close view of the disc (`train.disc`), which has a loss of its own, apart."""
    closely = [h for h in history if "val_auc_airogs" in h]
    parts = {"Training": [h for h in history if h not in closely], "Training: the close view of the disc": closely}
    parts = {title: part for title, part in parts.items() if part}
    figure, places = plt.subplots(1, len(parts), figsize=(5.5 * len(parts), 4), squeeze=False)
    for axes, (title, part) in zip(places[0], parts.items(), strict=True):
        epochs = [h["epoch"] for h in part]
        axes.plot(epochs, [h["train_loss"] for h in part], "o-", label="train (augmented)")
        axes.plot(epochs, [h["val_loss"] for h in part], "o-", label="val patients")
        axes.set(xlabel="epoch", ylabel="loss", title=title)
        axes.legend()
    return figure
