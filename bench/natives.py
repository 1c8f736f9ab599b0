"""The served networks in the framework that they were trained in, run eagerly: what the engine is measured against.

Each has the engine's interface, `run(inputs) -> (first, second)`, so that `in_eager` can put them in its place and the rest
of the work (reading, preprocessing, drawing) is the very same code.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

os.environ.setdefault("KERAS_BACKEND", "torch")

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from octcore import models
from octcore.models import ModelInfo
from octcore.taxonomy import LABELS
from train.export import served
from train.export_segment import WithProbabilities
from train.networks import build, channels_read, laid_out, rounded

Floats = NDArray[np.float32]


class EagerTorch:
    """A PyTorch network that reads the first ``channels``, in the memory layout in which it is fastest."""

    def __init__(self, net: nn.Module, layout: nn.Module | None = None, channels: int = 1) -> None:
        self._net = net.eval()
        self._layout, self._channels = layout or net, channels

    def run(self, inputs: Floats) -> tuple[Floats, Floats]:
        """Both outputs of a batch, as `octcore.engine.Network.run`."""
        with torch.inference_mode():
            first, second = self._net(laid_out(self._layout, torch.from_numpy(inputs[:, : self._channels])))
        return first.numpy(), second.numpy()


class EagerKeras:
    """A plain Keras network on its PyTorch backend. It has no activation maps: the second output is an empty one, to the
    eager side's advantage."""

    def __init__(self, net: Any) -> None:
        self._net = net

    def run(self, inputs: Floats) -> tuple[Floats, Floats]:
        """Logits of a batch (N, channels, H, W), and no maps (zeros)."""
        read = inputs[:, : int(self._net.input_shape[-1])]
        with torch.inference_mode():
            logits = self._net(torch.from_numpy(np.ascontiguousarray(read.transpose(0, 2, 3, 1))), training=False)
        answer = logits.numpy()
        return answer, np.zeros((*answer.shape, inputs.shape[2] // 32, inputs.shape[3] // 32), np.float32)


def native(info: ModelInfo) -> EagerTorch | EagerKeras:
    """A served model's network from its native file."""
    if (info.folder / "native.keras").exists():
        import keras

        return EagerKeras(keras.models.load_model(info.folder / "native.keras"))
    saved = torch.load(info.folder / "native.pt", weights_only=True)
    if info.task == "quality":
        from octcore.nets.torch_gate import Gate

        gate = Gate(saved["variance"].shape[1])
        gate.head.load_state_dict(saved)
        return EagerTorch(gate, channels=3)
    if info.task == "segment":
        from octcore.nets.torch_attention_unet import AttentionUNet

        net: nn.Module = AttentionUNet()
        net.load_state_dict(rounded(saved["state"]))
        assert isinstance(net, AttentionUNet)
        return EagerTorch(WithProbabilities(net))
    channels = 1 if info.task == "oct" else 3
    net = build(saved["net"], len(LABELS[info.task]), pretrained=False, channels=channels)  # type: ignore[index]
    net.load_state_dict(rounded(saved["state"]))
    return EagerTorch(served(net), net, channels_read(net, channels))


@contextmanager
def in_eager(networks: dict[str, EagerTorch | EagerKeras] | None = None) -> Iterator[None]:
    """Within the block every model runs in its own framework. ``networks``, by model id: those that are loaded already;
    others are added to it at their first use."""
    loaded = {} if networks is None else networks

    def instead(info: ModelInfo) -> EagerTorch | EagerKeras:
        if info.id not in loaded:
            loaded[info.id] = native(info)
        return loaded[info.id]

    with patch.object(models, "network", instead):
        yield
