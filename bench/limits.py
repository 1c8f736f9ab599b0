"""What is stated of speed, as ratios; `tests/bench` fails when one gets worse."""

from __future__ import annotations

NETWORK = {
    "quality": 0.40,
    "oct": 0.50,
    "oct-resnet18": 0.72,
    "fundus": 0.40,
    "fundus-efficientnet-lite2": 0.46,
    "segment": 0.55,
}
"""By task, or by name where a network's own is stated: a served network's forward pass over the same network's in eager PyTorch
or Keras. The ResNet's convolutions are those that PyTorch computes best: large, and laid out channels last. How much faster a
network is depends on the processor (the ResNet's ratio was 0.51 to 0.69 on three kinds, the Lite2's 0.36 to 0.41): these hold on
each."""
WHOLE = {
    "quality": 0.88,
    "oct": 0.76,
    "oct-resnet18": 0.88,
    "fundus": 0.50,
    "fundus-efficientnet-lite2": 0.62,
    "segment": 0.72,
}
"""Likewise: from a file's bytes to the result of one model, the very same code around the network on both sides."""
ENSEMBLE = {"oct": 0.44, "fundus": 0.40}
"""From a file's bytes to the default's result."""
