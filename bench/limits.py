"""What is stated of speed, as ratios; `tests/bench` fails when one gets worse."""

from __future__ import annotations

NETWORK = {"quality": 0.40, "oct": 0.50, "fundus": 0.40, "segment": 0.55}
"""By task: a served network's forward pass over the same network's in eager PyTorch or Keras."""
WHOLE = {"quality": 0.88, "oct": 0.76, "fundus": 0.50, "segment": 0.72}
"""By task: from a file's bytes to the result of one model, the very same code around the network on both sides."""
ENSEMBLE = {"oct": 0.44, "fundus": 0.40}
"""From a file's bytes to the default's result."""
