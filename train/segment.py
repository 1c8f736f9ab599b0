"""Trains the attention U-Net for lesions and layers: `python -m train.segment --out runs/oct-segmentation`.

`--protocol relaynet` learns Duke's subjects 1-5 only, for the published comparison; `fold-1` to `fold-5` leave out two
subjects each (1 and 6, 2 and 7 and so on), for the cross-validation; `all` (what is served) learns all ten. The Kermany lesion
polygons (train split) are learned in each; their val patients choose nothing but are watched.
Stops and resumes at any epoch; `make train-segment` repeats what is served.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from monai.losses.dice import MaskedDiceLoss
from torch import Tensor
from tqdm import tqdm

from octcore.nets.torch_attention_unet import REGIONS, AttentionUNet
from octcore.straighten import SEGMENT_SIZE
from octcore.taxonomy import LESIONS
from train.data import REPOSITORY
from train.precision import quick
from train.run import Run
from train.segmentation_data import (
    ALLOWED,
    ANY_FLUID,
    IGNORED,
    NO_FLUID,
    Annotated,
    View,
    duke,
    kermany_lesions,
    random_view,
    view,
)

PROTOCOLS = {
    "relaynet": (6, 7, 8, 9, 10),
    **{f"fold-{k}": (k, k + 5) for k in range(1, 6)},
    "all": (),
}
"""Duke's subjects that are kept aside."""

_allowed = torch.from_numpy(ALLOWED)
_dice = MaskedDiceLoss(batch=True, smooth_nr=1.0, smooth_dr=1.0)


def settings() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--protocol", choices=PROTOCOLS, default="all")
    parser.add_argument("--out", type=Path, default=Path("runs/oct-segmentation"))
    parser.add_argument("--start", type=Path, help="a run to begin from, instead of the classifier")
    parser.add_argument("--columns", type=int, default=SEGMENT_SIZE[1], help="a whole scan's columns")
    parser.add_argument("--view", type=int, default=320, help="columns of a training view: a part of a scan, more scans an hour")
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--steps", type=int, default=100, help="batches an epoch")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--duke-share", type=float, default=0.6, help="share of the views that show Duke's scans")
    parser.add_argument("--rate", type=float, default=2.5e-3)
    parser.add_argument("--average", type=float, default=0.99)
    parser.add_argument("--limit", type=int, default=0, help="use so many scans of each kind only (tests)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stop-after", type=int, default=0, help="stop after so many epochs now; the same command goes on")
    return parser.parse_args()


def chosen(protocol: str) -> tuple[list[Annotated], list[Annotated], list[Annotated]]:
    """Duke's scans to learn, Kermany's scans to learn, and those that are watched."""
    scans, lesions = duke(), kermany_lesions()
    aside = {f"duke-{subject}" for subject in PROTOCOLS[protocol]}
    return (
        [s for s in scans if s.group not in aside],
        [s for s in lesions if s.split == "train"],
        [s for s in lesions if s.split == "val"] + [s for s in scans if s.group in aside],
    )


def as_batch(views: list[View]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Images (N, 1, h, w), region labels (N, h, w), lesion labels (N, h, w), surfaces (N, 8, w)."""
    return (
        torch.from_numpy(np.stack([v.image for v in views]))[:, None],
        torch.from_numpy(np.stack([v.regions for v in views])).long(),
        torch.from_numpy(np.stack([v.lesions for v in views])).long(),
        torch.from_numpy(np.stack([v.surfaces for v in views])),
    )


def region_loss(logits: Tensor, target: Tensor, surfaces: Tensor) -> Tensor:
    """Cross entropy and Dice over regions, and how far the soft row counts above each border are from the surfaces."""
    said = target != IGNORED
    if not said.any():
        return logits.sum() * 0
    p = torch.softmax(logits.float(), dim=1)
    truth = F.one_hot(target.clamp(max=REGIONS - 1), REGIONS).permute(0, 3, 1, 2).float()
    entropy = F.cross_entropy(logits.float(), target, ignore_index=IGNORED)
    dice: Tensor = _dice(p, truth, said[:, None].float())
    counts = torch.cumsum(p, dim=1)[:, :-1].sum(dim=2)
    # Borders outside the view (heights below 0 or beyond its rows) are seen at its edge.
    wanted = surfaces.clamp(0, logits.shape[2])
    known = ~torch.isnan(wanted)
    distance = F.smooth_l1_loss(counts[known], wanted[known])
    return entropy + 0.5 * dice + 0.05 * distance


def lesion_loss(logits: Tensor, target: Tensor) -> Tensor:
    """-log of the summed probability of all that a pixel's label allows, lesions weighing more; and Dice of what is said.

    Where only "fluid" or "no fluid" is said, Dice is that of the fluids' summed probability.
    """
    p = torch.softmax(logits.float(), dim=1)
    said = target != IGNORED
    allowed = _allowed[target].permute(0, 3, 1, 2)
    hit = -torch.log((p * allowed).sum(dim=1).clamp(1e-6, 1))
    weight = torch.where((target == 0) | (target == NO_FLUID), 1.0, 2.0) * said
    entropy = (hit * weight).sum() / weight.sum().clamp(min=1)
    partial = (target == ANY_FLUID) | (target == NO_FLUID)
    total = 2 * entropy
    if partial.any():
        fluid = p[:, 1:3].sum(dim=1, keepdim=True)
        total = total + 0.5 * _dice(fluid, (target == ANY_FLUID)[:, None].float(), partial[:, None].float())
    exact = said & ~partial
    if exact.any():
        truth = F.one_hot(target.clamp(max=len(LESIONS)), len(LESIONS) + 1).permute(0, 3, 1, 2).float()
        total = total + 0.5 * _dice(p[:, 1:], truth[:, 1:], exact[:, None].float())
    return total


@torch.inference_mode()
def watch(net: AttentionUNet, scans: list[Annotated], size: tuple[int, int]) -> dict[str, float]:
    """Mean losses and pooled Dice of whole scans in the network's own window."""
    net.eval()
    losses: list[float] = []
    hits, sizes = np.zeros((2, 16)), np.zeros((2, 16))
    for scan in scans:
        x, regions, lesions, surfaces = as_batch([view(scan, scan.window, size)])
        with quick():
            region_logits, lesion_logits = net(x.contiguous(memory_format=torch.channels_last))
        losses.append((region_loss(region_logits, regions, surfaces) + lesion_loss(lesion_logits, lesions)).item())
        said = (lesions != IGNORED).numpy()
        guess = lesion_logits.argmax(dim=1).numpy()
        truth = lesions.numpy()
        if (truth == NO_FLUID).any():
            pairs = [(5, np.isin(guess, (1, 2)), truth == ANY_FLUID)]
        else:
            pairs = [(k, guess == k, truth == k) for k in range(1, len(LESIONS) + 1)]
        inside = (regions != IGNORED).numpy()
        if inside.any():
            layer = region_logits.argmax(dim=1).numpy()
            pairs += [(5 + k, (layer == k) & inside, (regions.numpy() == k)) for k in range(1, REGIONS - 1)]
        for k, a, b in pairs:
            hits[0, k] += 2 * (a & b & said).sum()
            sizes[0, k] += (a & said).sum() + (b & said).sum()
    names = {k + 1: n for k, n in enumerate(LESIONS)} | {5: "fluid_duke"}
    dice = {f"dice_{n}": float(hits[0, k] / sizes[0, k]) for k, n in names.items() if sizes[0, k]}
    if sizes[0, 6:13].all():
        dice["dice_layers"] = float((hits[0, 6:13] / sizes[0, 6:13]).mean())
    return {"val_loss": float(np.mean(losses)), **dice}


def main() -> None:
    args = settings()
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    layers, lesions, watched = chosen(args.protocol)
    if args.limit:
        layers, lesions, watched = layers[: args.limit], lesions[: args.limit], watched[: args.limit]

    net, mean = AttentionUNet(), AttentionUNet()
    if args.start:
        net.load_state_dict(torch.load(args.start / "best.pt", weights_only=False)["state"])
    else:
        teacher = torch.load(REPOSITORY / "weights" / "oct-efficientnet-lite0" / "native.pt", weights_only=True)
        net.begin_from(teacher["state"])
    mean.load_state_dict(net.state_dict())
    net = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    down = {id(p) for p in net.encoder.parameters()}
    groups: list[dict[str, object]] = [
        {"params": [p for p in net.parameters() if id(p) in down], "lr": args.rate / 3},
        {"params": [p for p in net.parameters() if id(p) not in down], "lr": args.rate},
    ]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, [args.rate / 3, args.rate], total_steps=args.steps * args.epochs, pct_start=0.1
    )
    size = (SEGMENT_SIZE[0], args.view)
    run = Run(args, {"net": net, "mean": mean, "optimiser": optimiser}, schedule, args.steps, rng)
    for epoch in run.remaining():
        net.train()
        started, running = time.monotonic(), 0.0
        for step in tqdm(range(args.steps), desc=f"epoch {epoch + 1}/{args.epochs}", unit="batch", mininterval=10):
            pools = [layers if rng.random() < args.duke_share else lesions for _ in range(args.batch)]
            views = [random_view(pool[int(rng.integers(len(pool)))], rng, size, args.columns) for pool in pools]
            x, regions, marks, surfaces = as_batch(views)
            with quick():
                region_logits, lesion_logits = net(x.contiguous(memory_format=torch.channels_last))
            loss = region_loss(region_logits, regions, surfaces) + lesion_loss(lesion_logits, marks)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(net.parameters(), 2.0)
            optimiser.step()
            schedule.step()
            optimiser.zero_grad()
            running += (loss.item() - running) / (step + 1)
            run.follow(mean, net, epoch * args.steps + step)
        figures = {"train_loss": running, **watch(mean, watched, (size[0], args.columns))}
        figures["seconds"] = time.monotonic() - started
        run.record(figures, {"state": mean.state_dict(), "protocol": args.protocol}, only_best=False)


if __name__ == "__main__":
    main()
