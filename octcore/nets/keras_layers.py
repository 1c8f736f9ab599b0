"""What the Keras networks share: the backend, a fused normalisation, the classifier around a body.

Keras runs on its PyTorch backend here, so that a Keras network is a `torch.nn.Module` too and one training loop, one
export and one test serve every network of this package.
"""

from __future__ import annotations

import os
from collections.abc import Callable

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
from keras import layers
from torch import Tensor, nn

__all__ = ["FusedBatchNormalization", "KerasClassifier", "keras", "layers"]


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


class KerasClassifier(nn.Module):
    """Input float32 (N, channels, H, W); output `(logits (N, C), features (N, F, h, w))`, as every classifier here.

    ``body(portable)`` builds the feature extractor; ``portable`` with Keras' own layers only and channels last.
    """

    def __init__(self, body: Callable[[bool], keras.Model], name: str, features: int, classes: int, dropout: float) -> None:
        super().__init__()
        self._build, self._name = body, name
        self.body = body(False)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(features, classes)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = self.body(x, training=self.training)
        return self.head(self.dropout(features.mean(dim=(2, 3)))), features

    def portable(self) -> keras.Model:
        """The whole classifier as a plain Keras model, (N, H, W, channels) to logits (N, C), for a `.keras` file."""
        body = self._build(True)
        for layer in self.body.layers:
            if layer.weights:
                body.get_layer(layer.name).set_weights(layer.get_weights())
        mean = layers.GlobalAveragePooling2D(name="mean")(body.output)
        head = layers.Dense(self.head.out_features, name="head")
        model = keras.Model(body.input, head(mean), name=self._name)
        head.set_weights([self.head.weight.detach().numpy().T, self.head.bias.detach().numpy()])
        return model
