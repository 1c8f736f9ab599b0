"""The quality gate's head from a table of features: a linear classifier, the distance from scans, and their borders."""

from __future__ import annotations

from collections import Counter

import numpy as np
import torch
from numpy.typing import NDArray

from octcore.nets.torch_gate import EARLY, GateHead
from train.gate.features import Table

COMPONENTS = 100
DECAY = 3e-4
ACCEPTED_BY_CLASSIFIER, ACCEPTED_BY_DISTANCE = 0.998, 0.997
"""Shares of the validation patients' scans that each of the two may not refuse, before the slack."""
SLACK = (1.4, 1.3)
"""Distances (of B-scans, of photographs) are allowed this much more than the validation scans need: devices that were left
out of the fit lie up to so much farther out (`held_out` in the card), and what is no scan mostly farther still."""
STRICTER = 1.2
"""The classifier's border moves towards the scans until it would refuse its share, but by no more than this (in logits):
the more room, the better for devices that nobody has seen."""


def weights(rows: Table) -> NDArray[np.float32]:
    """Every class weighs the same; within a class large sources are damped."""
    sources, out = Counter(rows.source.tolist()), np.zeros(len(rows.target))
    for k, source in enumerate(rows.source.tolist()):
        out[k] = sources[source] ** -0.3
    for target in range(3):
        mine = rows.target == target
        out[mine] /= max(out[mine].sum(), 1e-9)
    return np.asarray(out / out.sum(), np.float32)


def fitted(learn: Table, val: Table, rounds: int = 60) -> GateHead:
    """A head from training rows, its borders set on validation rows (only scans among them are looked at)."""
    head = GateHead(COMPONENTS)
    w = weights(learn)
    centre = (learn.features * w[:, None]).sum(axis=0)
    spread = np.sqrt((np.square(learn.features - centre) * w[:, None]).sum(axis=0)) + 1e-3
    scaled = ((learn.features - centre) / spread).astype(np.float32)
    _assign(head, "centre", centre)
    _assign(head, "spread", spread)
    _classifier(head, scaled, learn.target, w, rounds)
    for target in range(2):
        mine = learn.target == target
        _distance(head, target, learn.features[mine, :EARLY])
    _borders(head, val)
    return head.eval()


def answers(head: GateHead, rows: Table) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Logits (N, 3) and distances (N, 2) of a table's rows."""
    with torch.inference_mode():
        logits, distances = head(torch.from_numpy(rows.features))
    return logits.numpy(), distances.numpy()


def _assign(head: GateHead, name: str, value: NDArray[np.float32]) -> None:
    head.get_buffer(name).copy_(torch.from_numpy(np.asarray(value, np.float32)))


def _classifier(
    head: GateHead, scaled: NDArray[np.float32], target: NDArray[np.int64], w: NDArray[np.float32], rounds: int
) -> None:
    torch.manual_seed(0)
    x, y, weight = torch.from_numpy(scaled), torch.from_numpy(target), torch.from_numpy(w)
    torch.nn.init.zeros_(head.linear.weight)
    torch.nn.init.zeros_(head.linear.bias)
    optimiser = torch.optim.LBFGS(head.linear.parameters(), max_iter=rounds, history_size=10, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        value = (torch.nn.functional.cross_entropy(head.linear(x), y, reduction="none") * weight).sum()
        value = value + DECAY * head.linear.weight.square().sum()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimiser.step(loss)  # type: ignore[no-untyped-call]


def _distance(head: GateHead, target: int, early: NDArray[np.float32]) -> None:
    """Centre, main directions and variances of one kind's scans, and the variance of the rest."""
    centre, spread = early.mean(axis=0), early.std(axis=0) + 1e-3
    away = ((early - centre) / spread).astype(np.float64)
    values, vectors = np.linalg.eigh(away.T @ away / len(away))
    values, vectors = values[::-1], vectors[:, ::-1]
    for name, value in (
        ("kind_centre", centre),
        ("kind_spread", spread),
        ("axes", vectors[:, :COMPONENTS]),
        ("variance", values[:COMPONENTS]),
        # What sticks out is one number: it weighs as much as all main directions together.
        ("rest", values[COMPONENTS:].sum() / COMPONENTS),
    ):
        head.get_buffer(name)[target] = torch.from_numpy(np.asarray(value, np.float32).copy())


def _borders(head: GateHead, val: Table) -> None:
    """Distances in units of the border, and the classifier's bias so that the likeliest class is the decision."""
    scans = val.where((val.target < 2) & (val.view == 0))
    logits, distances = answers(head, scans)
    for target in range(2):
        mine = distances[scans.target == target, target]
        head.get_buffer("limit")[target] = float(np.quantile(mine, ACCEPTED_BY_DISTANCE)) * SLACK[target]
    margin = logits[:, :2].max(axis=1) - logits[:, 2]
    with torch.no_grad():
        head.linear.bias[2] += min(float(np.quantile(margin, 1 - ACCEPTED_BY_CLASSIFIER)), STRICTER)
