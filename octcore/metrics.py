"""How good a classifier is on patients: AUC, accuracy, calibration, each with a bootstrap that resamples patients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from octcore.calibrate import expected_calibration_error
from octcore.taxonomy import LABELS, ClassifyTask, leaves, task_of

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Labelled:
    """A labelled image's label (a class, a family or ``not_X``), its patient and its source."""

    label: str
    group: str
    source: str


def knows(label: str, task: ClassifyTask) -> bool:
    """Whether the classes of a task can say anything of this label."""
    name = label.removeprefix("not_")
    return bool(leaves(name)) and task_of(name) == task


def score(label: str, probabilities: Floats) -> Floats:
    """Probability (N,) of a class or family, from classes (N, C)."""
    return np.asarray(probabilities[:, [LABELS[task_of(label)].index(name) for name in leaves(label)]].sum(axis=1))


def auc(positive: Bools, scores: Floats) -> float | None:
    """Area under the ROC curve (Mann-Whitney, ties half), or None where one side is empty."""
    p, n = int(positive.sum()), int((~positive).sum())
    if not p or not n:
        return None
    ranks = rankdata(scores)
    return float((ranks[positive].sum() - p * (p + 1) / 2) / (p * n))


def sensitivity_at(positive: Bools, scores: Floats, specificity: float = 0.95) -> float | None:
    """Share of positives above the lowest threshold that leaves ``specificity`` of the negatives below it."""
    if not positive.any() or positive.all():
        return None
    negatives = np.sort(scores[~positive])
    threshold = negatives[min(len(negatives) - 1, int(np.ceil(specificity * len(negatives))) - 1)]
    return float((scores[positive] > threshold).mean())


def truth_of(name: str, rows: Sequence[Labelled]) -> tuple[Bools, Bools]:
    """For class or family ``name``: which rows count (usable) and which are positive.

    An AMD image neither is nor is not DRUSEN; ``not_X`` counts for X alone, against X's rows of its own source.
    """
    wanted = set(leaves(name))
    usable, positive = np.zeros(len(rows), bool), np.zeros(len(rows), bool)
    for k, row in enumerate(rows):
        if row.label.startswith("not_"):
            usable[k] = row.label[4:] == name
            continue
        has = set(leaves(row.label))
        positive[k] = has <= wanted
        usable[k] = positive[k] or not (has & wanted)
    return usable, positive


def _auc_of(name: str, rows: Sequence[Labelled], scores: Floats, usable: Bools, positive: Bools) -> float | None:
    """AUC of one label; where ``not_X`` rows count, pooled only within their own source."""
    partial = np.array([r.label.startswith("not_") for r in rows]) & usable
    if not partial.any():
        return auc(positive[usable], scores[usable])
    parts = []
    for source in sorted({r.source for r in rows}):
        here = usable & np.array([r.source == source for r in rows])
        value = auc(positive[here], scores[here])
        if value is not None:
            parts.append((int(here.sum()), value))
    return float(np.average([v for _, v in parts], weights=[w for w, _ in parts])) if parts else None


def predictions(rows: Sequence[Labelled], probabilities: Floats) -> tuple[list[str], Floats]:
    """Each row's most probable label among those that its source has, and the probability that was shown for it.

    A source with one label would always be right: there, every class of the model competes (a family beside the
    classes outside it).
    """
    out, confidence = [""] * len(rows), np.zeros(len(rows))
    for source in {r.source for r in rows}:
        here = [k for k, r in enumerate(rows) if r.source == source]
        names = sorted({rows[k].label for k in here if not rows[k].label.startswith("not_")})
        # Beside its own members a family would always win; the members say more, and each is right for the family.
        names = [n for n in names if not any(set(leaves(other)) < set(leaves(n)) for other in names)]
        if len(names) == 1:
            names += [name for name in LABELS[task_of(names[0])] if name not in leaves(names[0])]
        if not names:
            continue
        table = np.stack([score(name, probabilities[here]) for name in names], axis=1)
        for k, best, p in zip(here, table.argmax(axis=1), table.max(axis=1), strict=True):
            out[k], confidence[k] = names[best], p
    return out, confidence


def is_right(label: str, predicted: str) -> bool:
    """Whether what was said (a class or family) lies within what the label allows."""
    return set(leaves(predicted)) <= set(leaves(label))


def report(rows: Sequence[Labelled], probabilities: Floats, resamples: int = 1000, seed: int = 0) -> dict[str, Any]:
    """The contract's block of figures (DESIGN.md, ``evaluate``) for rows (N) and class probabilities (N, C)."""
    full = np.array([not r.label.startswith("not_") for r in rows])
    names = sorted(
        {r.label for r in rows if not r.label.startswith("not_")} | {r.label[4:] for r in rows if r.label.startswith("not_")}
    )
    guessed, confidence = predictions(rows, probabilities)
    right = np.array([is_right(r.label, g) for r, g in zip(rows, guessed, strict=True)])
    tables: dict[str, tuple[Bools, Bools, Floats]] = {}
    per_class: dict[str, Any] = {}
    for name in names:
        usable, positive = truth_of(name, rows)
        scores = score(name, probabilities)
        tables[name] = (usable, positive, scores)
        clear = usable & full
        said = np.array([bool(g) and set(leaves(g)) <= set(leaves(name)) for g in guessed])
        per_class[name] = {
            "n": int((positive & usable).sum()),
            "auc": _auc_of(name, rows, scores, usable, positive),
            "sensitivity": _mean(said[clear & positive]),
            "specificity": _mean(~said[clear & ~positive]),
            "sensitivity_at_95_specificity": sensitivity_at(positive[usable], scores[usable]),
        }
    aucs = [c["auc"] for c in per_class.values() if c["auc"] is not None]
    recalls = [
        float(right[[r.label == n for r in rows]].mean()) for n in sorted({r.label for r in rows}) if not n.startswith("not_")
    ]
    shown = sorted({r.label for r, f in zip(rows, full, strict=True) if f} | {g for g, f in zip(guessed, full, strict=True) if f})
    matrix = np.zeros((len(shown), len(shown)), int)
    for row, guess, counts in zip(rows, guessed, full, strict=True):
        if counts:
            matrix[shown.index(row.label), shown.index(guess)] += 1
    return {
        "n": len(rows),
        "groups": len({(r.source, r.group) for r in rows}),
        "macro_auc": float(np.mean(aucs)) if aucs else None,
        "macro_auc_ci95": _interval(rows, tables, resamples, seed) if aucs else None,
        "accuracy": _mean(right[full]),
        "balanced_accuracy": float(np.mean(recalls)) if recalls else None,
        "ece": expected_calibration_error(confidence[full], right[full]) if full.any() else None,
        "per_class": per_class,
        "confusion": {"labels": shown, "matrix": matrix.tolist()},
    }


def _mean(values: Bools) -> float | None:
    return float(values.mean()) if len(values) else None


def _interval(rows: Sequence[Labelled], tables: dict[str, tuple[Bools, Bools, Floats]], resamples: int, seed: int) -> list[float]:
    """95 % bootstrap interval of the macro AUC; whole patients are drawn, with replacement."""
    rng = np.random.default_rng(seed)
    names, inverse = np.unique([f"{r.source}/{r.group}" for r in rows], return_inverse=True)
    of_group = [np.flatnonzero(inverse == g) for g in range(len(names))]
    values = []
    for _ in range(resamples):
        chosen = np.concatenate([of_group[g] for g in rng.integers(0, len(names), len(names))])
        aucs = [auc(positive[k], scores[k]) for usable, positive, scores in tables.values() for k in [chosen[usable[chosen]]]]
        found = [a for a in aucs if a is not None]
        if found:
            values.append(float(np.mean(found)))
    return [float(v) for v in np.percentile(values, [2.5, 97.5])] if values else []
