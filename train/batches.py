"""An epoch's batches, made ahead by a second process while the network learns: augmented views, and what the teachers say of
them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from train.networks import laid_out
from train.precision import quick
from train.tasks import Task


class Batch(NamedTuple):
    """``x``: float32 (N, channels, H, W), of which ``share`` is its own picture and the rest the next's from the other end
    (mixup, Zhang et al. 2018; 1 where nothing is mixed); ``chosen``: which frames, int64 (N,); ``said``, ``seen``: every
    teacher's logits (N, C), float32, and features (N, F, h, w), bfloat16, of the views at full size."""

    x: Tensor
    chosen: Tensor
    share: float
    said: list[Tensor]
    seen: list[Tensor]


class Batches(Dataset[Batch]):
    """Batches by number. The same number gives the same batch: each has its own random numbers."""

    def __init__(self, task: Task, frames: list[Any], order: NDArray[np.int64], seeds: NDArray[np.int64]) -> None:
        """``order``: which frames, (batches, N); ``seeds``: one for each batch."""
        self._task, self._frames, self._order, self._seeds = task, frames, order, seeds
        self.mixup = 0.0
        """Share of batches that are mixed."""
        self.scale = 1.0
        """Of the size: what the student reads."""
        self.teachers: list[nn.Module] = []

    def __len__(self) -> int:
        return len(self._order)

    def __getitem__(self, number: int) -> Batch:
        rng = np.random.default_rng(self._seeds[number])
        chosen = self._order[number]
        x = torch.from_numpy(self._task.to_tensor(np.stack([self._task.augmented(self._frames[i], rng) for i in chosen])))
        share = float(rng.beta(0.4, 0.4)) if rng.random() < self.mixup else 1.0
        if share < 1:
            x = share * x + (1 - share) * x.flip(0)
        said, seen = [], []
        for net in self.teachers:
            with torch.no_grad(), quick():
                logits, features = net(laid_out(net, x))
            said.append(logits.float())
            seen.append(features.bfloat16())
        return Batch(reduced(x, self.scale), torch.from_numpy(chosen), share, said, seen)


def ahead(batches: Batches) -> Iterator[Batch]:
    """All of them in order, made by another process, a few ahead."""
    yield from DataLoader(batches, batch_size=None, num_workers=1, prefetch_factor=4)


def reduced(x: Tensor, scale: float) -> Tensor:
    """A batch (N, channels, H, W) at ``scale`` of its size."""
    return F.interpolate(x, scale_factor=scale, mode="bilinear", antialias=True) if scale != 1 else x
