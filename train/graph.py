"""Writes a network as the graph that is served (ONNX)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn


def write_graph(net: nn.Module, file: Path, shape: tuple[int, ...], outputs: list[str], halved: bool) -> None:
    """``net`` of one argument ``x`` (batch, *shape) and so many ``outputs``, with a free batch size.

    ``halved``: the file holds the weights in half precision and is half as large; the engine widens them once, when it
    loads. A classifier's probabilities move by less than 0.003; a segmentation's borders may jump a few pixels in a lone column.
    """
    torch.onnx.export(
        net.eval(),
        (torch.zeros(2, *shape),),
        str(file),
        input_names=["scan"],
        output_names=outputs,
        dynamic_shapes={"x": {0: torch.export.Dim("batch", min=1)}},
        dynamo=True,
        external_data=False,
        verbose=False,
    )
    if halved:
        _halve(file)


def _halve(file: Path) -> None:
    model = onnx.load(file)
    widened = []
    for tensor in list(model.graph.initializer):
        if tensor.data_type == TensorProto.FLOAT and np.prod(tensor.dims) > 1024:
            kept = f"{tensor.name}_half"
            model.graph.initializer.remove(tensor)
            model.graph.initializer.append(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), kept))
            widened.append(helper.make_node("Cast", [kept], [tensor.name], to=TensorProto.FLOAT))
    for node in reversed(widened):
        model.graph.node.insert(0, node)
    onnx.save(model, file)
