"""What the machine's own rate of matrix multiplication allows: no float32 network of so many operations is faster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx

from bench.networks import networks, scans_of, tensor
from bench.scans import scan_file
from bench.timing import interleaved
from octcore import models
from octcore.readers import read

SIDE = 1536
ROUNDS = 15


def multiplications(file: Path, shape: tuple[int, ...]) -> int:
    """Multiply-adds of an ONNX network's convolutions and matrix products for one input of that shape."""
    model = onnx.load(str(file))
    for size, dim in zip(shape, model.graph.input[0].type.tensor_type.shape.dim, strict=True):
        dim.dim_value = size
    graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    shapes = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in (*graph.value_info, *graph.output)}
    shapes |= {w.name: list(w.dims) for w in graph.initializer}
    total = 0
    for node in graph.node:
        if node.op_type == "Conv":
            total += int(np.prod(shapes[node.output[0]])) * int(np.prod(shapes[node.input[1]][1:]))
        elif node.op_type in ("Gemm", "MatMul"):
            total += int(np.prod(shapes[node.output[0]])) * shapes[node.input[1]][0]
    return total


def measure(rounds: int = ROUNDS) -> dict[str, Any]:
    """``gigaflops`` of a large float32 product; each network's floor and its time in the engine, in milliseconds."""
    rng = np.random.default_rng(0)
    left, right = (rng.normal(size=(SIDE, SIDE)).astype(np.float32) for _ in range(2))
    found: list[dict[str, Any]] = []
    rate = 0.0
    for info in networks():
        given = tensor(info, read(scan_file(scans_of(info), 0)))
        served = models.network(info)

        def forward() -> object:
            return served.run(given)  # noqa: B023 - called before the next turn

        seconds = interleaved({"product": lambda: left @ right, "engine": forward}, rounds)
        rate = max(rate, 2 * SIDE**3 / seconds["product"])
        found.append(
            {"id": info.id, "operations": 2 * multiplications(info.file, given.shape), "engine_ms": seconds["engine"] * 1e3}
        )
    for one in found:
        one["floor_ms"] = one["operations"] / rate * 1e3
        one["over_floor"] = one["engine_ms"] / one["floor_ms"]
    return {"gigaflops": rate / 1e9, "networks": found}
