"""`fundus-resnet18`: ResNet-18 (He et al. 2015) of Keras layers, begun from the weights of `oct-resnet18`.

There are no packaged ImageNet weights of a ResNet to begin from. The OCT network of the same shape has learned from an
ImageNet network what edges, spots and textures are; its one grey channel becomes three.
"""

from __future__ import annotations

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


def carry_over(model: keras.Model, weights: Path) -> None:
    """Fill ``model`` with a native `oct-resnet18` (octcore.nets.torch_resnet); its grey stem is spread over the channels."""
    state: dict[str, Tensor] = torch.load(weights, weights_only=True)["state"]

    def put(layer: str, convolution: str, norm: str) -> None:
        weight = state[f"{convolution}.weight"].float()
        channels = model.input_shape[1]
        weight = weight.repeat(1, channels, 1, 1) / channels if layer == "stem" else weight
        model.get_layer(layer).set_weights([weight.permute(2, 3, 1, 0).numpy()])
        parts = ("weight", "bias", "running_mean", "running_var")
        model.get_layer(f"{layer}_norm").set_weights([state[f"{norm}.{part}"].float().numpy() for part in parts])

    put("stem", "stem.0", "stem.1")
    for block in range(len(_WIDTHS)):
        put(f"block{block}_first", f"body.{block}.body.0", f"body.{block}.body.1")
        put(f"block{block}_second", f"body.{block}.body.3", f"body.{block}.body.4")
        if f"body.{block}.shortcut.0.weight" in state:
            put(f"block{block}_shortcut", f"body.{block}.shortcut.0", f"body.{block}.shortcut.1")


class KerasResNet18(KerasClassifier):
    """ResNet-18 as a classifier; ``start``: native weights of `oct-resnet18`, or None for random ones."""

    def __init__(self, classes: int, channels: int = 3, start: Path | None = None, dropout: float = 0.2) -> None:
        super().__init__(lambda portable: keras_resnet18(portable, channels), "resnet18", FEATURES, classes, dropout)
        if start:
            carry_over(self.body, start)
