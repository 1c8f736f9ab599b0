"""The classifiers by name, new or from a run; how they read a batch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

NETWORKS = ("keras-cnn", "resnet18", "efficientnet-lite0", "efficientnet-lite1")


def build(name: str, classes: int, pretrained: bool = True) -> nn.Module:
    """A classifier `x (N, 1, H, W) -> (logits (N, classes), features)`; ``pretrained``: from packaged ImageNet weights
    where there are any (there are none for a ResNet)."""
    if name == "keras-cnn":
        from octcore.nets.keras_cnn import KerasCNN

        return KerasCNN(classes, pretrained)
    if name == "resnet18":
        from octcore.nets.torch_resnet import ResNet18

        return ResNet18(classes)
    from octcore.nets.torch_efficientnet import EfficientNetLite

    return EfficientNetLite(classes, int(name[-1]), pretrained).to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def laid_out(net: nn.Module, x: Tensor) -> Tensor:
    """``x`` in the memory layout in which ``net`` is fastest on a CPU."""
    from octcore.nets.torch_efficientnet import EfficientNetLite
    from octcore.nets.torch_resnet import ResNet18

    fast = isinstance(net, EfficientNetLite | ResNet18)
    return x.contiguous(memory_format=torch.channels_last if fast else torch.contiguous_format)


def trained(run: Path, classes: int) -> tuple[nn.Module, dict[str, Any]]:
    """The best network of a run (for inference) and its checkpoint.

    Weights are rounded to half precision and back: what is served is what the half-precision file holds.
    """
    saved: dict[str, Any] = torch.load(run / "best.pt", weights_only=False, map_location="cpu")
    net = build(saved["net"], classes, pretrained=False)
    half = {k: (v.half().float() if v.dtype.is_floating_point else v) for k, v in saved["state"].items()}
    net.load_state_dict(half)
    return net.eval(), saved
