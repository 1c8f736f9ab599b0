"""The classifiers by name, new or from a run; how they read a batch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from train.data import REPOSITORY

NETWORKS = ("keras-cnn", "keras-resnet18", "resnet18", "efficientnet-lite0", "efficientnet-lite2")
"""What `train.classify` trains."""
DISC_VIEW = "efficientnet-lite2-disc"
"""What `train.disc` makes of an EfficientNet-Lite2."""


def build(name: str, classes: int, pretrained: bool = True, channels: int = 1) -> nn.Module:
    """A classifier `x (N, channels, H, W) -> (logits (N, classes), features)`.

    ``pretrained``: from packaged ImageNet weights; there are none of a ResNet: the Keras one begins from `oct-resnet18`,
    the PyTorch one (which is that) from random weights. `DISC_VIEW` answers `(logits, maps)`.
    """
    if name == DISC_VIEW:
        from octcore.nets.torch_disc_view import WithDiscView

        return WithDiscView(classes, pretrained).to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]
    if name == "keras-cnn":
        from octcore.nets.keras_cnn import KerasCNN

        return KerasCNN(classes, channels, pretrained)
    if name == "keras-resnet18":
        from octcore.nets.keras_resnet import KerasResNet18

        return KerasResNet18(classes, channels, REPOSITORY / "weights/oct-resnet18/native.pt" if pretrained else None)
    if name == "resnet18":
        from octcore.nets.torch_resnet import ResNet18

        return ResNet18(classes, channels).to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]
    from octcore.nets.torch_efficientnet import EfficientNetLite

    net = EfficientNetLite(classes, int(name[-1]), pretrained, channels=channels)
    return net.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def laid_out(net: nn.Module, x: Tensor) -> Tensor:
    """``x`` in the memory layout in which ``net`` is fastest on a CPU."""
    from octcore.nets.torch_disc_view import WithDiscView
    from octcore.nets.torch_efficientnet import EfficientNetLite
    from octcore.nets.torch_resnet import ResNet18

    fast = isinstance(net, EfficientNetLite | ResNet18 | WithDiscView)
    return x.contiguous(memory_format=torch.channels_last if fast else torch.contiguous_format)


def channels_read(net: nn.Module, task_channels: int) -> int:
    """How many channels of a picture ``net`` reads: its task's, or both copies of a photograph where it looks twice."""
    from octcore.nets.torch_disc_view import WithDiscView

    return WithDiscView.CHANNELS if isinstance(net, WithDiscView) else task_channels


def halved(state: dict[str, Any]) -> dict[str, Any]:
    """A network's state in half precision, as its native file keeps it."""
    return {k: v.half() if v.dtype.is_floating_point else v for k, v in state.items()}


def rounded(state: dict[str, Any]) -> dict[str, Any]:
    """A network's state as it is after `halved` and back: what is exported is what the native file holds."""
    return {k: v.float() if v.dtype.is_floating_point else v for k, v in halved(state).items()}


def trained(run: Path, classes: int, channels: int = 1) -> tuple[nn.Module, dict[str, Any]]:
    """The best network of a run, or of a folder in weights/ that holds a `native.pt`, for inference, and its checkpoint.

    Its weights are `rounded`.
    """
    file = run / "best.pt" if (run / "best.pt").exists() else run / "native.pt"
    saved: dict[str, Any] = torch.load(file, weights_only=False, map_location="cpu")
    net = build(saved["net"], classes, pretrained=False, channels=channels)
    net.load_state_dict(rounded(saved["state"]))
    return net.eval(), saved


def begin_from(net: nn.Module, run: Path, classes: int, channels: int) -> None:
    """Give ``net`` the weights of a run's best network. ResNets of PyTorch and of Keras begin from each other too.

    Raises SystemExit where the two are of different shape.
    """
    from octcore.nets.keras_resnet import KerasResNet18, carried_back, carry_over
    from octcore.nets.torch_resnet import ResNet18

    before, _ = trained(run, classes, channels)
    if type(before) is type(net):
        net.load_state_dict(before.state_dict())
    elif isinstance(net, KerasResNet18) and isinstance(before, ResNet18):
        carry_over(net.body, before.state_dict())
        net.head.load_state_dict(before.head.state_dict())
    elif isinstance(net, ResNet18) and isinstance(before, KerasResNet18):
        net.load_state_dict(net.state_dict() | carried_back(before.body))
        net.head.load_state_dict(before.head.state_dict())
    else:
        raise SystemExit(f"{run} holds another network: --start needs one of the same shape.")
