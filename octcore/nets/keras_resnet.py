"""`fundus-resnet18`: ResNet-18 (He et al. 2015) of Keras layers, begun from the weights of `oct-resnet18`.

There are no packaged ImageNet weights of a ResNet to begin from. The OCT network of the same shape has learned from an
ImageNet network what edges, spots and textures are; its one grey channel becomes three.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from octcore.nets.keras_layers import FusedBatchNormalization, KerasClassifier, keras, layers  # it chooses Keras' backend

FEATURES = 512
_WIDTHS = ((64, 1), (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1))


def keras_resnet18(portable: bool = False, channels: int = 3) -> keras.Model:
    """Feature extractor: float (N, channels, H, W) in about [-1, 1] to maps (N, 512, H/32, W/32).

    ``portable``: the same with Keras' own layers only and channels last, which runs on every backend.
    """
    order = "channels_last" if portable else "channels_first"

    def norm(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
        kind = layers.BatchNormalization if portable else FusedBatchNormalization
        return kind(axis=-1 if portable else 1, momentum=0.9, epsilon=1e-5, name=name)(x)

    def convolution(x: keras.KerasTensor, filters: int, kernel: int, stride: int, name: str) -> keras.KerasTensor:
        # Padded by hand: "same" with a stride pads one side only, and the carried-over weights were learned with both.
        x = layers.ZeroPadding2D(kernel // 2, data_format=order)(x) if kernel > 1 else x
        return layers.Conv2D(filters, kernel, stride, data_format=order, use_bias=False, name=name)(x)

    scan = keras.Input((None, None, channels) if portable else (channels, None, None), name="scan")
    x = layers.ReLU()(norm(convolution(scan, 64, 7, 2, "stem"), "stem_norm"))
    x = layers.MaxPooling2D(3, 2, data_format=order)(layers.ZeroPadding2D(1, data_format=order)(x))
    before = 64
    for block, (after, stride) in enumerate(_WIDTHS):
        name, shortcut = f"block{block}", x
        x = layers.ReLU()(norm(convolution(x, after, 3, stride, f"{name}_first"), f"{name}_first_norm"))
        x = norm(convolution(x, after, 3, 1, f"{name}_second"), f"{name}_second_norm")
        if stride > 1 or before != after:
            shortcut = norm(convolution(shortcut, after, 1, stride, f"{name}_shortcut"), f"{name}_shortcut_norm")
        x = layers.ReLU()(layers.Add()([x, shortcut]))
        before = after
    return keras.Model(scan, x, name="resnet18")


def _places() -> Iterator[tuple[str, str, str]]:
    """Every convolution's Keras layer, and what its kernel and its normalisation are called in `octcore.nets.torch_resnet`."""
    yield "stem", "stem.0", "stem.1"
    before = 64
    for block, (after, stride) in enumerate(_WIDTHS):
        yield f"block{block}_first", f"body.{block}.body.0", f"body.{block}.body.1"
        yield f"block{block}_second", f"body.{block}.body.3", f"body.{block}.body.4"
        if stride > 1 or before != after:
            yield f"block{block}_shortcut", f"body.{block}.shortcut.0", f"body.{block}.shortcut.1"
        before = after


_NORM = ("weight", "bias", "running_mean", "running_var")


def carry_over(model: keras.Model, state: dict[str, Tensor]) -> None:
    """Fill ``model`` with the state of a PyTorch ResNet-18; a grey stem is spread over the channels."""
    channels = model.input_shape[1]
    for layer, convolution, norm in _places():
        weight = state[f"{convolution}.weight"].float()
        if layer == "stem" and weight.shape[1] != channels:
            weight = weight.repeat(1, channels, 1, 1) / channels
        model.get_layer(layer).set_weights([weight.permute(2, 3, 1, 0).numpy()])
        model.get_layer(f"{layer}_norm").set_weights([state[f"{norm}.{part}"].float().numpy() for part in _NORM])


def carried_back(model: keras.Model) -> dict[str, Tensor]:
    """The same the other way: ``model``'s weights as a PyTorch ResNet-18 calls them."""
    out = {}
    for layer, convolution, norm in _places():
        (kernel,) = model.get_layer(layer).get_weights()
        out[f"{convolution}.weight"] = torch.from_numpy(kernel).permute(3, 2, 0, 1).contiguous()
        parts = model.get_layer(f"{layer}_norm").get_weights()
        out |= {f"{norm}.{part}": torch.from_numpy(values) for part, values in zip(_NORM, parts, strict=True)}
    return out


class KerasResNet18(KerasClassifier):
    """ResNet-18 as a classifier; ``start``: native weights of `oct-resnet18`, or None for random ones."""

    def __init__(self, classes: int, channels: int = 3, start: Path | None = None, dropout: float = 0.2) -> None:
        super().__init__(lambda portable: keras_resnet18(portable, channels), "resnet18", FEATURES, classes, dropout)
        if start:
            carry_over(self.body, torch.load(start, weights_only=True)["state"])
