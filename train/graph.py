"""Writes a network as the graph that is served (ONNX)."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn


def write_graph(net: nn.Module, file: Path, shape: tuple[int, ...], outputs: list[str]) -> None:
    """``net`` of one argument ``x`` (batch, *shape) and so many ``outputs``, with a free batch size."""
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
