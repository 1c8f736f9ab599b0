"""A trained run into weights/: `python -m train.export runs/oct-efficientnet-lite0`.

Calibrates on the validation patients, exports the network with its class activation maps in one graph (ONNX), keeps
the native weights in half precision, and writes the manifest. The card is `train.evaluate`'s.
"""

from __future__ import annotations

import argparse
import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from octcore.calibrate import allowed_probability, fit_temperature, softmax
from octcore.engine import Network
from octcore.models import weights_folder
from octcore.nets.torch_disc_view import WithDiscView
from train.calibrate import answers, calibrate, validation
from train.data import Row, sampling_weights, training_rows
from train.graph import write_graph
from train.manifest import listed, write_manifest
from train.networks import channels_read, halved, trained
from train.tasks import TASKS


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


def served(net: nn.Module) -> nn.Module:
    """A classifier as it answers where it is served, `(logits, maps)`."""
    return net if isinstance(net, WithDiscView) else WithMaps(net)


def shifted(net: nn.Module, shift: NDArray[np.float32]) -> None:
    """Add ``shift`` (C,) to a classifier's logits for good."""
    bias = net.prior if isinstance(net, WithDiscView) else net.get_submodule("head").bias
    assert isinstance(bias, nn.Parameter)
    with torch.no_grad():
        bias.add_(torch.from_numpy(shift))


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
    (folder / "history.json").write_text(json.dumps(whole_history(args.run), indent=1))

    inputs, allowed = validation(task, args.limit)
    shape, outputs = (channels_read(net, task.channels), *task.size), ["logits", "maps"]
    write_graph(served(net), folder / "model.onnx", shape, outputs, halved=True)
    logits = answers(Network(folder / "model.onnx"), inputs, task)
    learned = [r for r in training_rows(task.name) if r.split == "train"]
    share, _, shift = prior_given_back(logits, allowed, learned)
    if share:
        shifted(net, shift)
        write_graph(served(net), folder / "model.onnx", shape, outputs, halved=True)

    framework = "Keras" if saved["net"].startswith("keras") else "PyTorch"
    entry: dict[str, Any] = {"id": name, "version": args.version, "task": task.name, "framework": framework}
    entry |= {"native": save_native(net, saved["net"], folder), "prior_given_back": share}
    manifest = listed(entry, folder)
    manifest.get("familiarity", {}).pop(task.name, None)  # until `train.familiar` has measured the new network
    calibrate(manifest, task, inputs, allowed)
    write_manifest(manifest)
    print(json.dumps({"temperature": entry["temperature"], "bytes": (folder / "model.onnx").stat().st_size}))


def whole_history(run: Path) -> list[dict[str, float]]:
    """A run's epochs, after those of the run (or the served network) that it began from, and so on."""
    settings = run / "settings.json"
    start = json.loads(settings.read_text()).get("start") if settings.exists() else None
    before = whole_history(Path(start)) if start else []
    own = json.loads((run / "history.json").read_text())
    return before + [{**epoch, "epoch": epoch["epoch"] + len(before)} for epoch in own]


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


if __name__ == "__main__":
    main()
