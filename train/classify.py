"""Trains a classifier from the shared data, by patient: `python -m train.classify --net keras-cnn --out runs/oct-cnn`.

Reads top to bottom: settings, data, networks, loop, checkpoint. Stops and resumes at any epoch; `make train-oct` and
`make train-fundus` repeat what is served. `--teacher RUN` (several allowed) adds distillation: the network also learns what
trained ones say and see.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from train.batches import Batch, Batches, ahead, reduced
from train.data import Row, sampling_weights, training_rows
from train.networks import NETWORKS, begin_from, build, laid_out, trained
from train.precision import quick
from train.run import Run, Stateful
from train.tasks import TASKS, Task

SMALL = 0.7
"""Of the size: what the epochs read that are to be short."""


def settings() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task", default="oct", choices=TASKS)
    parser.add_argument("--net", default="efficientnet-lite0", choices=NETWORKS)
    parser.add_argument("--out", type=Path, default=Path("runs/oct-efficientnet-lite0"))
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--small-epochs", type=int, default=0, help="so many of them at SMALL of the size, to save time")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=1.2e-3, help="highest learning rate of the one cycle")
    parser.add_argument("--decay", type=float, default=0.02, help="AdamW's weight decay")
    parser.add_argument("--smoothing", type=float, default=0.05)
    parser.add_argument("--mixup", type=float, default=0.0, help="share of batches that are mixed")
    parser.add_argument("--average", type=float, default=0.99, help="decay of the weights' moving average, a step")
    parser.add_argument("--patience", type=int, default=4, help="epochs without a better validation loss before it stops")
    parser.add_argument("--teacher", type=Path, action="append", default=[], help="runs to learn from")
    parser.add_argument("--dense", action="store_true", help="follow what the teachers see at every place, not only its mean")
    parser.add_argument("--unlabelled", action="store_true", help="learn from teachers about images of no known label too")
    parser.add_argument("--start", type=Path, help="a run whose best network to begin from")
    parser.add_argument("--without", default="", help="a source to leave out of training (leave-one-source-out)")
    parser.add_argument("--limit", type=int, default=0, help="use so many images of each split only (tests)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stop-after", type=int, default=0, help="stop after so many epochs now; the same command goes on")
    parser.add_argument("--scratch", action="store_true", help="begin from random weights")
    return parser.parse_args()


def family_loss(logits: Tensor, allowed: Tensor, smoothing: float) -> Tensor:
    """Mean of -log of the summed probability of every class that the label allows.

    ``logits`` (N, C); ``allowed`` (N, C) in {0, 1}. An image labelled AMD asks only that DRUSEN + CNV be likely.
    Smoothing adds a little of the same for all classes alike.
    """
    log_p = F.log_softmax(logits.float(), dim=1)
    hit = torch.logsumexp(log_p.masked_fill(allowed < 0.5, float("-inf")), dim=1)
    return -((1 - smoothing) * hit + smoothing * log_p.mean(dim=1)).mean()


class Teachers:
    """Trained networks whose answers and pooled features a student follows (Hinton et al. 2015; Romero et al. 2015)."""

    def __init__(self, runs: list[Path], student: nn.Module, task: Task, dense: bool) -> None:
        """``dense``: the student follows what they see at every place, not only its mean over the picture."""
        self.nets = [trained(run, len(task.labels), task.channels)[0] for run in runs]
        # One linear map a teacher, thrown away after training: the student's features need only hold theirs.
        width = student.get_submodule("head").in_features
        self.maps = nn.ModuleList(nn.Linear(int(str(width)), int(str(n.get_submodule("head").in_features))) for n in self.nets)
        self.dense = dense

    def loss(self, batch: Batch, logits: Tensor, features: Tensor) -> Tensor:
        """How far the student's ``logits`` (N, C) and ``features`` (N, F, h, w) are from what they said and saw."""
        total = torch.zeros(())
        wanted = torch.zeros_like(logits, dtype=torch.float32)
        for hint, said, seen in zip(self.maps, batch.said, batch.seen, strict=True):
            wanted += torch.softmax(said / 2, dim=1) / len(self.nets)
            grid = (features.shape[2], features.shape[3]) if self.dense else (1, 1)
            own, theirs = (F.adaptive_avg_pool2d(maps.float(), grid).flatten(2).mT for maps in (features, seen))
            total = total + (1 - F.cosine_similarity(hint(own), theirs, dim=2)).mean() / len(self.nets)
        return total + 4 * F.kl_div(F.log_softmax(logits.float() / 2, dim=1), wanted, reduction="batchmean")


def predict(net: nn.Module, inputs: NDArray[np.uint8], task: Task, scale: float = 1.0, batch: int = 16) -> NDArray[np.float32]:
    """Logits float32 (N, C) of uint8 inputs (N, H, W) or (N, H, W, 6), read at ``scale`` of their size."""
    net.eval()
    out = []
    with torch.inference_mode(), quick():
        for start in range(0, len(inputs), batch):
            x = torch.from_numpy(task.to_tensor(inputs[start : start + batch]))[:, : task.channels]
            out.append(net(laid_out(net, reduced(x, scale)))[0].float().numpy())
    return np.concatenate(out)


def main() -> None:
    args = settings()
    task = TASKS[args.task]
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)

    rows = training_rows(task.name, unlabelled=args.unlabelled)
    parts: dict[str, list[Row]] = {s: [r for r in rows if r.split == s and r.source != args.without] for s in ("train", "val")}
    parts["val"] = [r for r in parts["val"] if not r.allowed.all()]
    if args.limit:
        parts = {s: [p[i] for i in rng.permutation(len(p))[: args.limit]] for s, p in parts.items()}
    frames = task.frames(parts["train"])
    held = task.views(parts["val"])
    held_allowed = torch.from_numpy(np.stack([r.allowed for r in parts["val"]]))
    allowed = torch.from_numpy(np.stack([r.allowed for r in parts["train"]]))
    chances = sampling_weights(parts["train"])

    net = build(args.net, len(task.labels), not args.scratch, task.channels)
    if args.start:
        begin_from(net, args.start, len(task.labels), task.channels)
    mean = build(args.net, len(task.labels), False, task.channels)
    mean.load_state_dict(net.state_dict())
    teachers = Teachers(args.teacher, net, task, args.dense) if args.teacher else None
    learned = [p for p in net.parameters() if p.requires_grad]
    # The maps are thrown away: a teacher may join or leave between two calls without touching the rest.
    maps = torch.optim.AdamW(teachers.maps.parameters(), lr=1e-3) if teachers else None
    optimiser = torch.optim.AdamW(
        [
            {"params": [p for p in learned if p.ndim >= 2], "weight_decay": args.decay},
            {"params": [p for p in learned if p.ndim < 2], "weight_decay": 0.0},
        ],
        lr=args.rate,
    )
    steps = max(1, len(frames) // args.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, args.rate, total_steps=steps * args.epochs, pct_start=0.15)
    kept: dict[str, Stateful] = {"net": net, "mean": mean, "optimiser": optimiser}
    if teachers and maps:
        kept |= {"maps": teachers.maps, "maps_optimiser": maps}
    run = Run(args, kept, schedule, steps, rng)
    for epoch in run.remaining():
        net.train()
        started, running = time.monotonic(), 0.0
        order = rng.choice(len(frames), size=(steps, args.batch), p=chances)
        batches = Batches(task, frames, order, rng.integers(2**62, size=steps))
        batches.mixup, batches.scale = args.mixup, SMALL if epoch < args.small_epochs else 1.0
        batches.teachers = teachers.nets if teachers else []
        bar = tqdm(ahead(batches), desc=f"epoch {epoch + 1}/{args.epochs}", total=steps, unit="batch", mininterval=10)
        for step, batch in enumerate(bar):
            y, share = allowed[batch.chosen], batch.share
            with quick():
                logits, features = net(laid_out(net, batch.x))
            loss = share * family_loss(logits, y, args.smoothing)
            if share < 1:
                loss = loss + (1 - share) * family_loss(logits, y.flip(0), args.smoothing)
            if teachers:
                loss = loss + teachers.loss(batch, logits, features)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(learned, 2.0)
            optimiser.step()
            schedule.step()
            optimiser.zero_grad()
            if maps:
                maps.step()
                maps.zero_grad()
            running += (loss.item() - running) / (step + 1)
            run.follow(mean, net, epoch * steps + step)
            if step % 20 == 0:
                bar.set_postfix(loss=f"{running:.3f}")

        said = torch.from_numpy(predict(mean, held, task))
        val = family_loss(said, held_allowed, 0.0).item()
        right = (held_allowed.gather(1, said.argmax(1, keepdim=True)) > 0.5).float().mean().item()
        figures = {"train_loss": running, "val_loss": val, "val_accuracy": right, "seconds": time.monotonic() - started}
        run.record(figures, {"state": mean.state_dict(), "net": args.net})
        if epoch + 1 - min(run.history, key=lambda h: h["val_loss"])["epoch"] >= args.patience:
            break


if __name__ == "__main__":
    main()
