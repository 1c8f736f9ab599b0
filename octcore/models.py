"""The catalogue of weights/: what there is, its card, its checksum, lazy loading."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from octcore.engine import Network
from octcore.familiarity import Scale

ENSEMBLE = "ensemble"
_loading = threading.Lock()
_networks: dict[str, Network] = {}


class ModelError(RuntimeError):
    """Weights that are missing, damaged or unknown by that name; the text says which and what to do."""


@dataclass(frozen=True)
class ModelInfo:
    """One model of weights/. ``temperature``: what a classifier's logits are divided by; ``serves``: further names that a
    network with several heads answers to; ``card``: the parsed card JSON."""

    id: str
    version: str
    task: str
    framework: str
    file: Path
    sha256: str
    temperature: float
    serves: tuple[str, ...]
    card: dict[str, Any] = field(hash=False, compare=False)

    @property
    def folder(self) -> Path:
        """Where its card's figures lie."""
        return self.file.parent


def weights_folder() -> Path:
    """OCTCORE_WEIGHTS, or weights/ beside the package."""
    return Path(os.environ.get("OCTCORE_WEIGHTS", Path(__file__).resolve().parent.parent / "weights"))


@cache
def _manifest(folder: Path) -> dict[str, Any]:
    try:
        parsed: dict[str, Any] = json.loads((folder / "MANIFEST.json").read_text())
    except FileNotFoundError as error:
        raise ModelError(f"No models: {folder / 'MANIFEST.json'} is missing. Check the repository out again.") from error
    return parsed


@cache
def _catalogue(folder: Path) -> tuple[ModelInfo, ...]:
    out = []
    for entry in _manifest(folder)["models"]:
        file = folder / entry["file"]
        place = file.parent / "card.json"
        card = json.loads(place.read_text()) if place.exists() else {}  # exported, not yet evaluated
        out.append(
            ModelInfo(
                entry["id"],
                entry["version"],
                entry["task"],
                entry["framework"],
                file,
                entry["sha256"],
                float(entry.get("temperature", 1.0)),
                tuple(entry.get("serves", ())),
                card,
            )
        )
    return tuple(out)


def catalogue() -> list[ModelInfo]:
    """Every served model with its card. Cheap: no network is loaded. Raises `ModelError` where weights/ is missing."""
    return list(_catalogue(weights_folder()))


def ensemble_folder(task: str) -> str:
    """Where in weights/ the card of a task's ensemble lies."""
    return ENSEMBLE if task == "oct" else f"{ENSEMBLE}-{task}"


def ensemble(task: str = "oct") -> ModelInfo | None:
    """The mean of a task's classifiers as its card knows it: a model without a network of its own. None before it was
    measured."""
    place = weights_folder() / ensemble_folder(task) / "card.json"
    if not place.exists():
        return None
    card = json.loads(place.read_text())
    return ModelInfo(ENSEMBLE, card["version"], task, card["framework"], place, "", 1.0, (), card)


def members(model: str, task: str) -> list[ModelInfo]:
    """The models behind a name: one, or all of a task for ``ensemble``. Raises `ModelError` for an unknown name."""
    known = [m for m in catalogue() if m.task == task]
    found = known if model == ENSEMBLE else [m for m in known if model == m.id or model in m.serves]
    if not found:
        names = ", ".join([ENSEMBLE, *(name for m in known for name in (m.id, *m.serves))])
        raise ModelError(f"There is no model '{model}' for the task '{task}'. Known: {names}.")
    return found


def conformal(task: str, model: str) -> float:
    """The probability from which a class belongs to the 95 % set of that model (chosen on validation patients)."""
    return float(_manifest(weights_folder())["conformal"][task][model])


def pooled_temperature(task: str, model: str) -> float:
    """What the logarithm of several models' mean is divided by: a mean of calibrated models is too timid. 1 for one model."""
    return float(_manifest(weights_folder()).get("pooled_temperature", {}).get(task, 1.0)) if model == ENSEMBLE else 1.0


def pool_weights(task: str, model: str) -> list[float] | None:
    """What each member of an ensemble weighs, in the order of `members`; None where all weigh the same."""
    weights = _manifest(weights_folder()).get("pool_weights", {}).get(task) if model == ENSEMBLE else None
    return [float(weights[member.id]) for member in members(model, task)] if weights else None


def energy_scale(info: ModelInfo) -> Scale:
    """A classifier's energies on validation patients (`octcore.familiarity`); 0 and 1 before they were measured."""
    measured = _manifest(weights_folder()).get("familiarity", {}).get(info.task, {})
    return Scale(*measured["scales"][info.id]) if measured else Scale(0.0, 1.0)


def familiar_from(task: str, model: str) -> float:
    """The familiarity that 99 in 100 of the validation patients' pictures reach; -inf before it was measured."""
    measured = _manifest(weights_folder()).get("familiarity", {}).get(task, {})
    return float(measured["threshold"][model]) if measured else float("-inf")


def version_of(model: str, task: str) -> str:
    """The version to keep with a result; an ensemble's names every member's."""
    return "+".join(m.version if model != ENSEMBLE else f"{m.id}@{m.version}" for m in members(model, task))


def network(info: ModelInfo) -> Network:
    """The model's network, loaded and checked against its checksum at first use, once a process."""
    key = info.sha256
    with _loading:
        if key not in _networks:
            with open(info.file, "rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            if digest != info.sha256:
                raise ModelError(f"{info.file} is damaged (its checksum is not the manifest's). Check it out again.")
            _networks[key] = Network(info.file)
        return _networks[key]


def quality_info() -> ModelInfo:
    """The quality gate. It is not in the catalogue: it names no disease."""
    entry = _manifest(weights_folder())["quality"]
    file = weights_folder() / entry["file"]
    return ModelInfo(entry["id"], entry["version"], "quality", "PyTorch", file, entry["sha256"], 1.0, (), {})


def quality_network() -> Network:
    """The quality gate's network, checked and loaded as any other."""
    return network(quality_info())
