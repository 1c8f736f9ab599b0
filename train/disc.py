"""Teaches a trained classifier of photographs to look closer at the optic disc: `python -m train.disc`.

Reads top to bottom: settings, photographs, where the disc is, the close view's network, how the two are mixed. It stops and
resumes at any epoch. The classifier over the whole photograph (a run or a served one) keeps its weights.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy.optimize import minimize
from torch import Tensor, nn
from tqdm import tqdm

from octcore.calibrate import allowed_probability, softmax
from octcore.metrics import auc
from octcore.nets.torch_disc_view import CLOSE, GLAUCOMA, REACH, DiscReader, WithDiscView
from octcore.preprocess_fundus import INPUT_SIZE
from octcore.taxonomy import PARTIAL_LABELS
from train.data import Row, training_rows
from train.disc_places import by_rule
from train.networks import DISC_VIEW, build, trained
from train.run import Run
from train.tasks import TASKS

Views = NDArray[np.uint8]
SHARES = {"airogs": 0.42, "odir5k": 0.42, "retina_dataset": 0.06}
"""Of the close views that are drawn; the other sources share the rest. AIROGS and ODIR have both, eyes with glaucoma and eyes
without, from the same cameras: there the camera tells nothing."""
TASK = TASKS["fundus"]


def settings() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--start", type=Path, default=Path("weights/fundus-efficientnet-lite2"), help="the whole photograph's")
    parser.add_argument("--out", type=Path, default=Path("runs/fundus-disc"))
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--views", type=int, default=2400, help="close views an epoch")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=1.5e-3, help="highest learning rate of the one cycle")
    parser.add_argument("--average", type=float, default=0.99, help="decay of the weights' moving average, a step")
    parser.add_argument("--limit", type=int, default=0, help="use so many photographs of each split only (tests)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stop-after", type=int, default=0, help="stop after so many epochs now; the same command goes on")
    args = parser.parse_args()
    args.task = TASK.name
    return args


def has_glaucoma(rows: list[Row]) -> NDArray[np.float32]:
    """1 where an eye has it, 0 where not, NaN where its label does not say."""
    silent = {label for label, allowed in PARTIAL_LABELS.items() if "glaucoma" in allowed}
    return np.array([np.nan if row.label in silent else row.allowed[GLAUCOMA] for row in rows], np.float32)


def chances(rows: list[Row], truth: NDArray[np.float32]) -> NDArray[np.float64]:
    """Of being drawn, sum 1: `SHARES` by source, half of them with glaucoma where a source has both, rare labels more often."""
    sources, labels = np.array([r.source for r in rows]), np.array([r.label for r in rows])
    rest = sorted(set(sources) - set(SHARES))
    shares = SHARES | dict.fromkeys(rest, (1 - sum(SHARES.values())) / max(1, len(rest)))
    out = np.zeros(len(rows))
    for source in set(sources):
        parts = [here for here in ((sources == source) & (truth == side) for side in (0, 1)) if here.any()]
        for here in parts:
            rare = np.array([np.count_nonzero(here & (labels == label)) ** -0.5 for label in labels[here]])
            out[here] = shares[source] / len(parts) * rare / rare.sum()
    return np.asarray(out / out.sum())


def close_up(view: Views, place: NDArray[np.float32], rng: np.random.Generator) -> Views:
    """One random close view, uint8 (`CLOSE`, `CLOSE`, 3), of a soft photograph (320, 320, 3) whose disc lies at ``place``."""
    half = INPUT_SIZE[0] / 2
    zoom = CLOSE / (2 * REACH * half) * np.exp(rng.normal(0.06, 0.16))
    centre = half - 0.5 + half * (place + rng.normal(0, 0.05, 2))
    angle, flip, stretch = np.deg2rad(rng.normal(0, 12)), rng.choice([-1.0, 1.0]), np.exp(rng.normal(0, 0.05))
    cos, sin = np.cos(angle), np.sin(angle)
    linear = zoom * np.array([[flip * cos * stretch, -sin], [flip * sin * stretch, cos]])
    matrix = np.column_stack([linear, (CLOSE - 1) / 2 - linear @ centre]).astype(np.float32)
    flat = (127.0, 127.0, 127.0)
    out = np.asarray(cv2.warpAffine(view, matrix, (CLOSE, CLOSE), flags=cv2.INTER_LINEAR, borderValue=flat), np.uint8)
    if rng.random() < 0.35:
        factor = rng.uniform(0.4, 0.9)
        coarse = cv2.resize(out, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        out = np.asarray(cv2.resize(coarse, (CLOSE, CLOSE)), np.uint8)
    if rng.random() < 0.2:
        kept = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 90))])[1]
        out = np.asarray(cv2.imdecode(kept, cv2.IMREAD_COLOR), np.uint8)
    contrast = np.exp(rng.normal(0, 0.15)) * np.exp(rng.normal(0, 0.12, 3))
    changed = 127.0 + (out.astype(np.float32) - 127.0) * contrast + rng.normal(0, 6) + rng.normal(0, 6, 3)
    if rng.random() < 0.3:
        changed = changed + rng.normal(0, rng.uniform(0, 8), (CLOSE, CLOSE, 1))
    return np.asarray(np.clip(changed, 0, 255), np.uint8)


def tensors(views: Views) -> Tensor:
    """uint8 (N, H, W, C) as a network reads it."""
    return torch.from_numpy(TASK.to_tensor(views)).contiguous(memory_format=torch.channels_last)


@torch.inference_mode()
def middles(net: WithDiscView, views: Views) -> Tensor:
    """The features in which the disc is looked for, float16 (N, 120, 20, 20), of views (N, 320, 320, 6)."""
    parts = range(0, len(views), 16)
    bar = tqdm(parts, desc="features", unit="batch", mininterval=10)
    return torch.cat([net.middle(tensors(views[k : k + 16, ..., :3]))[0].half() for k in bar])


def learn_places(net: WithDiscView, features: Tensor, views: Views, rng: np.random.Generator, epochs: int = 5) -> None:
    """Fit ``net.where`` to the places that the rule is sure of."""
    places, sure = by_rule(views[..., :3])
    chosen = np.flatnonzero(sure)
    # Their spread must not set the rate of learning; it goes into the weights afterwards.
    scale = features[chosen[:200]].float().std(dim=(0, 2, 3), keepdim=True) + 1e-3
    optimiser = torch.optim.AdamW(net.where.parameters(), lr=3e-3, weight_decay=0.05)
    batch = min(64, len(chosen))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs * (len(chosen) // batch))
    cells = net.get_buffer("cells").reshape(1, -1, 2)
    for _ in range(epochs):
        order = rng.permutation(chosen)
        for k in range(0, len(order) - batch + 1, batch):
            here = order[k : k + batch]
            apart = (cells - torch.from_numpy(places[here])[:, None]).square().sum(dim=2)
            wanted = torch.softmax(-apart / (2 * 0.09**2), dim=1)
            said = F.log_softmax(net.where(features[here].float() / scale).flatten(1), dim=1)
            loss = -(said * wanted).sum(dim=1).mean()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            optimiser.zero_grad()
    with torch.no_grad():
        net.where.weight /= scale
        found = net.place(features[chosen].float()).numpy()
    apart_by = np.hypot(*(found - places[chosen]).T)
    print(json.dumps({"sure": len(chosen), "median_apart": float(np.median(apart_by)), "far": float((apart_by > 0.2).mean())}))


@torch.inference_mode()
def places_of(net: WithDiscView, features: Tensor) -> Tensor:
    """Where the discs lie, (N, 2), of `middles`' features."""
    return torch.cat([net.place(features[k : k + 64].float()) for k in range(0, len(features), 64)])


@torch.inference_mode()
def close_odds(reader: DiscReader, net: WithDiscView, soft: Views, places: Tensor) -> NDArray[np.float32]:
    """The reader's log-odds (N,) of soft photographs (N, 320, 320, 3): the mean of each and its mirror image, as served."""
    reader.eval()
    out = []
    for k in range(0, len(soft), 32):
        x = net.close_view(tensors(soft[k : k + 32]), places[k : k + 32]).contiguous(memory_format=torch.channels_last)
        out.append((reader(x)[0] + reader(x.flip(3))[0]) / 2)
    return torch.cat(out).numpy()


@torch.inference_mode()
def whole_logits(net: WithDiscView, views: Views) -> NDArray[np.float32]:
    """The whole photographs' logits (N, C), likewise, of views (N, 320, 320, 6)."""
    out = []
    for k in range(0, len(views), 16):
        x = tensors(views[k : k + 16, ..., :3])
        out.append((net.whole(x)[0] + net.whole(x.flip(3))[0]) / 2)
    return torch.cat(out).numpy()


def fit_mix(logits: NDArray[np.float32], closely: NDArray[np.float32], allowed: NDArray[np.float32]) -> NDArray[np.float64]:
    """`WithDiscView.mix` (3,), from validation patients: ``logits`` (N, C) of the whole photographs, ``closely`` (N,) the
    reader's log-odds, ``allowed`` (N, C).

    Both views count the same: which is the better one so few validation patients with glaucoma can't tell. How much they count
    and the offset have the least mean -log p(allowed).
    """
    others = np.log(np.exp(np.delete(logits, GLAUCOMA, axis=1)).sum(axis=1))
    both = (logits[:, GLAUCOMA] - others + closely) / 2

    def loss(how: NDArray[np.float64]) -> float:
        mixed = logits.astype(np.float64)
        mixed[:, GLAUCOMA] = others + how[0] * both + how[1]
        return float(-np.log(np.clip(allowed_probability(softmax(mixed), allowed), 1e-12, 1)).mean())

    scale, offset = minimize(loss, np.array([1.0, 0.0]), method="Nelder-Mead").x
    return np.array([scale / 2, scale / 2, offset])


def balanced_loss(odds: NDArray[np.float32], truth: NDArray[np.float32]) -> float:
    """Mean -log p of the truth, both sides weighing the same."""
    lost = np.logaddexp(0, np.where(truth == 1, -odds, odds))
    return float(np.mean([lost[truth == side].mean() for side in (0, 1) if (truth == side).any()]))


def main() -> None:
    args = settings()
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    parts = {s: [r for r in training_rows(TASK.name) if r.split == s] for s in ("train", "val")}
    if args.limit:
        parts = {s: [p[i] for i in rng.permutation(len(p))[: args.limit]] for s, p in parts.items()}
    seen, held = TASK.views(parts["train"]), TASK.views(parts["val"])
    truth, held_truth = has_glaucoma(parts["train"]), has_glaucoma(parts["val"])

    net = build(DISC_VIEW, len(TASK.labels))
    assert isinstance(net, WithDiscView)
    start = trained(args.start, len(TASK.labels), TASK.channels)[0]
    net.whole.load_state_dict((start.whole if isinstance(start, WithDiscView) else start).state_dict())
    net.eval()
    placed = args.out / "places.pt"
    if placed.exists():
        kept = torch.load(placed, weights_only=True)
    else:
        features = middles(net, seen)
        learn_places(net, features, seen, rng)
        found = [places_of(net, part) for part in (features, middles(net, held))]
        kept = {"where": net.where.state_dict(), "train": found[0], "val": found[1]}
        args.out.mkdir(parents=True, exist_ok=True)
        torch.save(kept, placed)
    net.where.load_state_dict(kept["where"])
    places = kept["train"].numpy()

    reader = net.reader
    mean = DiscReader(False).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    mean.load_state_dict(reader.state_dict())
    optimiser = torch.optim.AdamW(reader.parameters(), lr=args.rate, weight_decay=0.05)
    steps = max(1, args.views // args.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, args.rate, total_steps=steps * args.epochs, pct_start=0.15)
    run = Run(args, {"reader": reader, "mean": mean, "optimiser": optimiser}, schedule, steps, rng)
    logits, allowed = whole_logits(net, held), np.stack([r.allowed for r in parts["val"]])
    told = np.flatnonzero(~np.isnan(held_truth))
    odds_of = chances(parts["train"], truth)
    for epoch in run.remaining():
        reader.train()
        started, running = time.monotonic(), 0.0
        bar = tqdm(range(steps), desc=f"epoch {epoch + 1}/{args.epochs}", unit="batch", mininterval=10)
        for step in bar:
            chosen = rng.choice(len(seen), args.batch, p=odds_of)
            x = tensors(np.stack([close_up(seen[i][..., 3:], places[i], rng) for i in chosen]))
            said = reader(x)[0]  # in full precision: thin convolutions take longer in half
            wanted = 0.04 + 0.92 * torch.from_numpy(truth[chosen])
            loss = F.binary_cross_entropy_with_logits(said, wanted)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(reader.parameters(), 2.0)
            optimiser.step()
            schedule.step()
            optimiser.zero_grad()
            running += (loss.item() - running) / (step + 1)
            run.follow(mean, reader, epoch * steps + step)

        closely = close_odds(mean, net, held[..., 3:], kept["val"])
        mix = fit_mix(logits, closely, allowed)
        figures = {"train_loss": running, "val_loss": balanced_loss(closely[told], held_truth[told])}
        for source in ("airogs", "odir5k"):
            here = np.array([k for k in told if parts["val"][k].source == source], int)
            figures[f"val_auc_{source}"] = auc(held_truth[here] == 1, closely[here].astype(np.float64)) or 0.5
        figures["seconds"] = time.monotonic() - started
        state = {k: v for k, v in net.state_dict().items() if not k.startswith("reader.")}
        state |= {f"reader.{k}": v for k, v in mean.state_dict().items()} | {"mix": torch.from_numpy(mix).float()}
        print(json.dumps({"mix": mix.round(3).tolist()}))
        # The cycle ends cold and the mix is fitted anew: the last epoch is the one to keep.
        run.record(figures, {"state": state, "net": DISC_VIEW}, only_best=False)


if __name__ == "__main__":
    main()
