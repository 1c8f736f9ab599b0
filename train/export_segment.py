"""A trained segmentation into weights/: `python -m train.export_segment runs/oct-segmentation`. The card is
`train.evaluate_segment`'s.

`--protocol` keeps the network of the published comparison instead, beside the served one, so that its figures can be had again.
"""

from __future__ import annotations

import argparse
import json
from datetime import date
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from octcore.models import weights_folder
from octcore.nets.torch_attention_unet import AttentionUNet
from octcore.straighten import SEGMENT_SIZE
from train.graph import write_graph
from train.manifest import listed, write_manifest
from train.networks import halved, rounded

PROTOCOL = "protocol"
"""The folder of the published comparison's network, in the model's."""
SERVES = ("oct-fluid", "oct-layers", "oct-lesions")
"""One network answers to these names: its heads share the way down."""


class WithProbabilities(nn.Module):
    """The served graph: (N, 1, h, w) to the probabilities of regions (N, 9, h, w) and of lesions (N, 5, h, w)."""

    def __init__(self, net: AttentionUNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        regions, lesions = self.net(x)
        return shares(regions), shares(lesions)


def shares(logits: Tensor) -> Tensor:
    """A softmax over the classes; ONNX Runtime's own takes a third of the network's time along this axis."""
    risen = (logits - logits.amax(dim=1, keepdim=True)).exp()
    return risen / risen.sum(dim=1, keepdim=True)


def trained(run: Path) -> AttentionUNet:
    """A run's network for inference, its weights rounded to half precision as the served file holds them."""
    net = AttentionUNet()
    state = torch.load(run / "best.pt", weights_only=False)["state"]
    net.load_state_dict(rounded(state))
    return net.eval()


def to_onnx(net: AttentionUNet, file: Path) -> None:
    """Write the served graph."""
    write_graph(WithProbabilities(net), file, (1, *SEGMENT_SIZE), ["regions", "lesions"], halved=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--id", default="oct-segmentation")
    parser.add_argument("--version", default=date.today().isoformat())
    parser.add_argument("--protocol", action="store_true")
    args = parser.parse_args()
    folder = weights_folder() / args.id
    folder.mkdir(parents=True, exist_ok=True)
    net = trained(args.run)
    if args.protocol:
        (folder / PROTOCOL).mkdir(exist_ok=True)
        torch.save({"net": "attention-unet", "state": halved(net.state_dict())}, folder / PROTOCOL / "best.pt")
        (folder / PROTOCOL / "history.json").write_text((args.run / "history.json").read_text())
        return
    to_onnx(net, folder / "model.onnx")
    torch.save({"net": "attention-unet", "state": halved(net.state_dict())}, folder / "native.pt")
    (folder / "history.json").write_text((args.run / "history.json").read_text())
    entry: dict[str, Any] = {
        "id": args.id,
        "version": args.version,
        "task": "segment",
        "framework": "PyTorch",
        "native": "native.pt",
    }
    entry["serves"] = SERVES
    write_manifest(listed(entry, folder))
    print(json.dumps({"bytes": (folder / "model.onnx").stat().st_size}))


if __name__ == "__main__":
    main()
