"""Runs an exported network. The one place that knows the inference engine (ONNX Runtime, CPU)."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

_turn = threading.Lock()
"""One network runs at a time: it uses every core, and two at once only get in each other's way."""


class Network:
    """An ONNX network with one input, float32 (N, 1, H, W), and two outputs.

    A classifier gives logits (N, C) and class activation maps (N, C, h, w); a segmentation gives the probabilities of
    regions (N, 9, H, W) and of lesions (N, 5, H, W).
    """

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = os.cpu_count() or 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name

    def run(self, inputs: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Both outputs of a batch, float32, from one forward pass. Safe from several threads."""
        with _turn:
            first, second = self._session.run(None, {self._input: inputs})
        return np.asarray(first, np.float32), np.asarray(second, np.float32)
