"""weights/MANIFEST.json: what is served, and what was chosen on validation patients."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from octcore.models import weights_folder


def read_manifest() -> dict[str, Any]:
    """The manifest; one without models where there is none yet."""
    place = weights_folder() / "MANIFEST.json"
    manifest: dict[str, Any] = json.loads(place.read_text()) if place.exists() else {"models": []}
    return manifest


def listed(entry: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The manifest with ``entry`` in the place of an older one of that id, its checksum filled in; not yet written."""
    manifest = read_manifest()
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
