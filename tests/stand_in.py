"""A folder of weights with small networks of photographs in it that learned nothing: for tests of what is around a model."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from octcore import models
from octcore.preprocess_fundus import INPUT_SIZE
from octcore.taxonomy import FUNDUS_LABELS

IDS = ("fundus-cnn", "fundus-resnet18")


def network(seed: int) -> bytes:
    """An ONNX classifier of photographs: one pooling, one random convolution."""
    classes, pixels = len(FUNDUS_LABELS), 32
    kernel = np.random.default_rng(seed).normal(0, 3, (classes, 3, 1, 1)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("AveragePool", ["scan"], ["small"], kernel_shape=[pixels, pixels], strides=[pixels, pixels]),
            helper.make_node("Conv", ["small", "kernel"], ["maps"]),
            helper.make_node("GlobalAveragePool", ["maps"], ["pooled"]),
            helper.make_node("Flatten", ["pooled"], ["logits"]),
        ],
        "stand-in",
        [helper.make_tensor_value_info("scan", TensorProto.FLOAT, ["batch", 3, *INPUT_SIZE])],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", classes]),
            helper.make_tensor_value_info("maps", TensorProto.FLOAT, ["batch", classes, *(s // pixels for s in INPUT_SIZE)]),
        ],
        [numpy_helper.from_array(kernel, "kernel")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def with_photographs(folder: Path) -> Path:
    """The served weights (as links) in the new ``folder``, with two such networks, their cards and their mean's."""
    served = models.weights_folder()
    own = {*IDS, models.ensemble_folder("fundus")}
    folder.mkdir()
    for place in served.iterdir():
        if place.is_dir() and place.name not in own:
            (folder / place.name).symlink_to(place.resolve())
    manifest = json.loads((served / "MANIFEST.json").read_text())
    manifest["models"] = [entry for entry in manifest["models"] if entry["task"] != "fundus"]
    for seed, name in enumerate(IDS):
        data = network(seed)
        (folder / name).mkdir()
        (folder / name / "model.onnx").write_bytes(data)
        entry = {"id": name, "version": "stand-in", "task": "fundus", "framework": "none", "file": f"{name}/model.onnx"}
        manifest["models"].append(entry | {"sha256": hashlib.sha256(data).hexdigest(), "temperature": 1.0})
    manifest["conformal"]["fundus"] = dict.fromkeys([*IDS, models.ENSEMBLE], 0.1)
    (folder / "MANIFEST.json").write_text(json.dumps(manifest))
    for name, place in [(n, n) for n in IDS] + [(models.ENSEMBLE, models.ensemble_folder("fundus"))]:
        (folder / place).mkdir(exist_ok=True)
        (folder / place / "card.json").write_text(json.dumps(card(name)))
    return folder


def card(name: str) -> dict[str, Any]:
    """A card of the shape that train.evaluate writes."""
    one = {"n": 30, "auc": 0.75, "sensitivity": 0.5, "specificity": 0.9, "sensitivity_at_95_specificity": 0.4}
    block = {
        "n": 210, "groups": 200, "macro_auc": 0.75, "macro_auc_ci95": [0.7, 0.8], "accuracy": 0.5, "balanced_accuracy": 0.5,
        "ece": 0.05, "per_class": dict.fromkeys(FUNDUS_LABELS, one),
    }  # fmt: skip
    group = {"n": 50, "groups": 40, "macro_auc": 0.71, "macro_auc_ci95": [0.6, 0.8], "accuracy": 0.55, "ece": 0.06, "auc": {}}
    return {
        "id": name, "version": "stand-in", "framework": "none", "members": [*IDS], "summary": "A stand-in: it learned nothing.",
        "data": {"splits": {s: {"images": 9, "patients": 8} for s in ("train", "val", "test")}, "licences": ["none"]},
        "test": {"overall": block, "sources": {"odir5k": block, "palm": block}},
        "calibration": {"test_coverage": 0.95, "test_mean_set_size": 2.0},
        "subgroups": {
            "age": {"under 40": group, "70 and over": group}, "sex": {"female": group, "male": group | {"macro_auc": None}},
        },
        "leave_one_out": {}, "limits": ["It learned nothing."], "figures": [], "commit": "none", "command": "none",
    }  # fmt: skip
