"""Runs an exported network. The one place that knows the inference engine: ONNX Runtime on the CPU, float32, one picture
at a time.

Chosen by measurement (README, "Speed"; one core of an EPYC with bfloat16 instructions, November 2026). OpenVINO 2026.4 is as
fast in float32 (ResNet 12.6 ms against 12.0, EfficientNet 4.3 against 4.0, U-Net 42 against 45), but takes five times as
long to load and 85 MB more for the classifiers. In bfloat16 it needs half the time, but not for the same answers: on the
validation scans probabilities move by up to 0.057 (oct-cnn), 0.094 (oct-efficientnet-lite0) and 0.0105 (oct-resnet18) where
0.01 is allowed, labels change with each of the three, and the Dice of subretinal fluid by 0.004 where 0.002 is.

A batch runs picture by picture: several at once are 8 % faster in a classifier and 15 % slower in the segmentation, whose
graph gains from shapes that are known beforehand. It also lets a lone scan in between the slices of somebody's volume.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from pathlib import Path
from types import TracebackType

import numpy as np
import onnxruntime
from numpy.typing import NDArray

Floats = NDArray[np.float32]
THREADS = len(os.sched_getaffinity(0))
"""Cores that a network uses: all that this process may (a container's may be fewer than the machine's)."""

_SHARED_MEMORY = onnxruntime.OrtMemoryInfo(
    "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
)
onnxruntime.create_and_register_allocator(_SHARED_MEMORY, None)  # one for all networks: they never run at once


class Turns:
    """Who asks first runs first, one at a time (a plain lock lets whoever comes at the right moment overtake).

    A network uses every core; two at once only get in each other's way.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._taken = False

    def __enter__(self) -> None:
        with self._guard:
            if not self._taken:
                self._taken = True
                return
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
        mine.acquire()  # until the one before hands the turn over

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False


_turns = Turns()


class Network:
    """An ONNX network with one input, float32 (N, channels, H, W), and two outputs. Of more channels it reads the first.

    A classifier gives logits (N, C) and class activation maps (N, C, h, w); a segmentation gives the probabilities of
    regions (N, 9, H, W) and of lesions (N, 5, H, W); the quality gate logits (N, 3) and distances (N, 2).
    """

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # What waits for work spins; between two runs that would take the cores from whoever reads or draws.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        options.add_session_config_entry("session.use_env_allocators", "1")
        options.add_free_dimension_override_by_name("batch", 1)
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        given = self._session.get_inputs()[0]
        self._input, self._channels = given.name, int(given.shape[1])

    def run(self, inputs: Floats) -> tuple[Floats, Floats]:
        """Both outputs of a batch, float32, from one forward pass a picture. Safe from several threads, in fair turns."""
        said = [self._one(inputs[k : k + 1]) for k in range(len(inputs))]
        if len(said) == 1:
            return said[0]
        return np.concatenate([first for first, _ in said]), np.concatenate([second for _, second in said])

    def _one(self, picture: Floats) -> tuple[Floats, Floats]:
        with _turns:
            first, second = self._session.run(None, {self._input: picture[:, : self._channels]})
        return first, second
