"""A training run's folder: settings, what happened in each epoch, and the last epoch's state to go on from."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn

from train.figures import curves_figure, save


class Stateful(Protocol):
    """A network, an optimiser or a schedule."""

    def state_dict(self) -> dict[str, Any]:
        """All that it needs to go on."""

    def load_state_dict(self, state: dict[str, Any]) -> Any:
        """Go on from there."""


class Run:
    """``parts``: what is kept by name, the network's moving average under ``mean``; ``steps``: batches an epoch.

    Where the folder holds an interrupted run, the parts, the random numbers and `history` go on from its last epoch.
    """

    def __init__(
        self,
        args: argparse.Namespace,
        parts: dict[str, Stateful],
        schedule: torch.optim.lr_scheduler.OneCycleLR,
        steps: int,
        rng: np.random.Generator,
    ) -> None:
        self.out: Path = args.out
        self.epochs: int = args.epochs
        self._stop_after: int = args.stop_after
        self._average: float = args.average
        self._parts, self._schedule, self._steps, self._rng = parts, schedule, steps, rng
        self.history: list[dict[str, float]] = []
        self.out.mkdir(parents=True, exist_ok=True)
        (self.out / "settings.json").write_text(json.dumps(vars(args), default=str, indent=1))
        if self._last.exists():
            self._resume()

    @property
    def _last(self) -> Path:
        return self.out / "last.pt"

    def _resume(self) -> None:
        saved = torch.load(self._last, weights_only=False)
        self.history, self._rng.bit_generator.state = saved["history"], saved["rng"]
        if saved["schedule"]["total_steps"] != self._schedule.total_steps:  # a cycle made shorter or longer meanwhile
            for _ in range(self._steps * len(self.history)):
                self._schedule.step()
        else:
            self._schedule.load_state_dict(saved["schedule"])
        for name, part in self._parts.items():
            if saved.get(name):  # a teacher's maps may be new
                part.load_state_dict(saved[name])

    def remaining(self) -> range:
        """The epochs to do now, counted from 0."""
        until = min(self.epochs, len(self.history) + self._stop_after) if self._stop_after else self.epochs
        return range(len(self.history), until)

    @torch.no_grad()
    def follow(self, mean: nn.Module, net: nn.Module, step: int) -> None:
        """Move the average of the weights towards ``net`` after batch ``step`` (counted from the run's first)."""
        keep = min(self._average, (1 + step) / (10 + step))
        for a, b in zip(mean.state_dict().values(), net.state_dict().values(), strict=True):
            a.lerp_(b, 1 - keep) if a.dtype.is_floating_point else a.copy_(b)

    def record(self, figures: dict[str, float], result: dict[str, Any], only_best: bool = True) -> None:
        """Close an epoch: print and keep its ``figures`` (``val_loss`` among them) and curves; keep ``result``, what
        inference needs, as best.pt (``only_best``: if no epoch had a lower ``val_loss``); keep all parts."""
        self.history.append({"epoch": len(self.history) + 1, **figures})
        print(json.dumps({k: round(v, 4) for k, v in self.history[-1].items()}), flush=True)
        if not only_best or figures["val_loss"] <= min(h["val_loss"] for h in self.history):
            torch.save({**result, "epoch": len(self.history)}, self.out / "best.pt")
        state: dict[str, Any] = {name: part.state_dict() for name, part in self._parts.items()}
        state |= {"schedule": self._schedule.state_dict(), "history": self.history, "rng": self._rng.bit_generator.state}
        torch.save(state, self._last)
        (self.out / "history.json").write_text(json.dumps(self.history, indent=1))
        save(curves_figure(self.history), self.out / "training.png")  # the curves, drawn while it runs
