"""A trained run into weights/: `python -m train.export runs/oct-efficientnet-lite0`.

Calibrates on the validation patients, exports the network with its class activation maps in one graph (ONNX), keeps
the native weights in half precision, and writes the manifest. The card is `train.evaluate`'s.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from octcore.calibrate import allowed_probability, conformal_threshold, fit_temperature, fit_weights, pooled, softmax
from octcore.engine import Network
from octcore.models import ENSEMBLE, weights_folder
from octcore.panel import answer
from train.data import Row, sampling_weights, training_rows
from train.graph import write_graph
from train.networks import halved, trained
from train.tasks import TASKS, Task


class WithMaps(nn.Module):
    """The served graph: (N, channels, H, W) to logits (N, C) and class activation maps (N, C, h, w), in one pass."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net
        head = net.get_submodule("head")
        assert isinstance(head, nn.Linear)
        self.register_buffer("weights", head.weight.detach()[:, :, None, None])

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        logits, features = self.net(x)
        weights = self.weights
        assert isinstance(weights, Tensor)
        return logits, nn.functional.conv2d(features, weights)


def save_native(net: nn.Module, kind: str, folder: Path) -> str:
    """Keep the weights in the framework's own format, rounded to half precision; returns the file's name.

    A Keras model is a plain `.keras` file that opens under any of Keras' backends.
    """
    if kind.startswith("keras"):
        from octcore.nets.keras_layers import KerasClassifier

        assert isinstance(net, KerasClassifier)
        net.portable().save(folder / "native.keras")
        return "native.keras"
    torch.save({"net": kind, "state": halved(net.state_dict())}, folder / "native.pt")
    return "native.pt"


def listed(entry: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The manifest with ``entry`` in the place of an older one of that id, its checksum filled in; not yet written."""
    place = weights_folder() / "MANIFEST.json"
    manifest: dict[str, Any] = json.loads(place.read_text()) if place.exists() else {"models": []}
    entry |= {
        "file": f"{entry['id']}/model.onnx",
        "sha256": hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest(),
        "native": f"{entry['id']}/{entry.pop('native')}",
    }
    kept = [m for m in manifest["models"] if m["id"] != entry["id"]]
    manifest["models"] = sorted([*kept, entry], key=lambda m: str(m["id"]))
    return manifest


def write_manifest(manifest: dict[str, Any]) -> None:
    """Put the manifest in its place."""
    (weights_folder() / "MANIFEST.json").write_text(json.dumps(manifest, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--id", default=None, help="the model's name (default: the run's)")
    parser.add_argument("--limit", type=int, default=0, help="calibrate on so many images only (tests)")
    parser.add_argument("--version", default=date.today().isoformat())
    args = parser.parse_args()
    name = args.id or args.run.name
    folder = weights_folder() / name
    folder.mkdir(parents=True, exist_ok=True)

    task = TASKS[json.loads((args.run / "settings.json").read_text())["task"]]
    net, saved = trained(args.run, len(task.labels), task.channels)
    (folder / "history.json").write_text((args.run / "history.json").read_text())

    everyone = training_rows(task.name)
    rows = [r for r in everyone if r.split == "val"]
    if args.limit:
        rows = rows[: len(rows) // args.limit * args.limit : len(rows) // args.limit]
    inputs = task.views(rows)
    allowed = np.stack([r.allowed for r in rows])
    shape, outputs = (task.channels, *task.size), ["logits", "maps"]
    write_graph(WithMaps(net), folder / "model.onnx", shape, outputs, halved=True)
    served = Network(folder / "model.onnx")
    logits = answers(served, inputs, task)
    share, temperature, shift = prior_given_back(logits, allowed, [r for r in everyone if r.split == "train"])
    if share:
        head = net.get_submodule("head")
        assert isinstance(head, nn.Linear)
        with torch.no_grad():
            head.bias.add_(torch.from_numpy(shift))
        write_graph(WithMaps(net), folder / "model.onnx", shape, outputs, halved=True)
        logits = np.asarray(logits + shift, np.float32)
    native = save_native(net, saved["net"], folder)
    threshold = conformal_threshold(softmax(logits, temperature), allowed)

    framework = "Keras" if saved["net"].startswith("keras") else "PyTorch"
    manifest = listed(
        {
            "id": name,
            "version": args.version,
            "task": task.name,
            "framework": framework,
            "native": native,
            "temperature": temperature,
            "prior_given_back": share,
        },
        folder,
    )
    manifest.setdefault("conformal", {}).setdefault(task.name, {})[name] = threshold
    manifest.get("familiarity", {}).pop(task.name, None)  # until `train.familiar` has measured the new network
    parts = {}
    for m in manifest["models"]:
        if m["task"] == task.name:
            said = logits if m["id"] == name else answers(Network(weights_folder() / m["file"]), inputs, task)
            parts[m["id"]] = softmax(said, m["temperature"])
    ensemble_threshold(manifest, task.name, parts, allowed)
    write_manifest(manifest)
    print(json.dumps({"temperature": temperature, "conformal": threshold, "bytes": (folder / "model.onnx").stat().st_size}))


def answers(network: Network, inputs: NDArray[np.uint8], task: Task) -> NDArray[np.float32]:
    """A served network's logits (N, C) of a task's views."""
    return np.concatenate([answer(network, task.to_tensor(inputs[k : k + 32]), task.name)[0] for k in range(0, len(inputs), 32)])


def prior_given_back(
    logits: NDArray[np.float32], allowed: NDArray[np.float32], learned: list[Row]
) -> tuple[float, float, NDArray[np.float32]]:
    """What rare classes gained by being drawn more often in training, taken back as far as validation patients say.

    ``logits`` and ``allowed`` (N, C): the validation split's. Returns the share taken back (0, 0.5 or 1), the temperature
    with it, and what to add to each class's logit, float32 (C,).
    """
    chances = sampling_weights(learned)
    single = np.stack([r.allowed * (r.allowed.sum() == 1) for r in learned])
    shift = np.log(np.clip(single.mean(axis=0), 1e-6, 1)) - np.log(np.clip(chances @ single, 1e-6, 1))
    shift = shift - shift.mean()
    found = []
    for share in (0.0, 0.5, 1.0):
        temperature = fit_temperature(logits, allowed, share * shift)
        moved = logits + (temperature * share * shift).astype(np.float32)
        loss = -np.log(np.clip(allowed_probability(softmax(moved, temperature), allowed), 1e-12, 1)).mean()
        found.append((float(loss), share, temperature))
    _, share, temperature = min(found)
    return share, temperature, (temperature * share * shift).astype(np.float32)


def ensemble_threshold(
    manifest: dict[str, Any], task: str, parts: dict[str, NDArray[np.float64]], allowed: NDArray[np.float32]
) -> None:
    """Set a task's ensemble's weights, temperature and conformal threshold from its members' calibrated validation
    probabilities, ``parts`` by model. OCT's members are about equally good and keep equal weights; of photographs one is far
    behind."""
    weighted, said = task == "fundus", list(parts.values())
    weights = fit_weights(said, allowed) if weighted else [1 / len(said)] * len(said)
    mean = np.average(said, axis=0, weights=weights)
    temperature = fit_temperature(np.log(np.clip(mean, 1e-12, 1)), allowed) if len(said) > 1 else 1.0
    if weighted:
        manifest.setdefault("pool_weights", {})[task] = dict(zip(parts, weights, strict=True))
    manifest.setdefault("pooled_temperature", {})[task] = temperature
    manifest["conformal"][task][ENSEMBLE] = conformal_threshold(pooled(said, temperature, weights), allowed)


if __name__ == "__main__":
    main()
