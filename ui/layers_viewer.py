"""The layers viewer: a scan with its outlined lesions and layers, each switched, shaded and corrected in the browser.

The scan, the label map and the surfaces are sent once. Opacity, switches, zoom and the brush touch no server; only a saved
correction comes back, and is read here as what it is: bytes from outside.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import streamlit as st
from numpy.typing import NDArray

from octcore.taxonomy import LAYER_COLOURS, LAYERS, LESION_COLOURS, LESIONS
from ui.words import t

_ASSETS = Path(__file__).parent / "layers_viewer_assets"
_WORDS = (
    "lesions", "layers", "opacity", "mode", "filled", "outlined", "reset", "hint", "nowhere", "place", "no_layers", "outside",
    "thickness_um", "thickness_px", "start", "undo", "redo", "cancel", "save", "saving", "size", "note", "brush", "erase",
    "edit_hint", "unsaved", "unsaved_slices",
)  # fmt: skip
_IN_BROWSER = {name: f"{{{name}}}" for name in ("row", "column", "value", "slices")}
"""Placeholders that the browser fills."""
LARGEST_MAP = 2048
"""Pixels a side of the label map that is sent at the most; larger scans are corrected on a coarser grid."""
LONGEST_NOTE = 500
_KEPT = "layers_viewer_kept"
"""Session key: by viewer, the last save that is in the store."""
_FINEST = 10
"""Surfaces are sent to a tenth of a row."""

_component = st.components.v2.component(
    "oct_studio_layers",
    html=(_ASSETS / "viewer.html").read_text(),
    css=(_ASSETS / "viewer.css").read_text(),
    js=(_ASSETS / "viewer.js").read_text(),
)


class BadCorrection(ValueError):
    """What the browser sent is no label map of this scan."""


@dataclass(frozen=True)
class Correction:
    """A person's label map, ``lesions`` uint8 (H, W) at the scan's size, made from the mask that ``mask_id`` names."""

    mask_id: str
    lesions: NDArray[np.uint8]
    note: str


def show(
    scan: bytes,
    lesions: NDArray[np.uint8],
    surfaces: NDArray[np.float32],
    *,
    mask_id: str,
    alt: str,
    key: str,
    axial_mm: float | None = None,
    slice_number: int | None = None,
) -> object | None:
    """Draw the viewer and return what was saved in it since the last run (for `correction`), or None.

    ``scan``: a PNG of the scan's aspect; ``lesions`` uint8 (H, W) and ``surfaces`` float32 (8, W) as `Segmentation` has them;
    ``mask_id`` names the mask that is shown, so that unsaved corrections stay with theirs; ``axial_mm``: a row's height.
    ``slice_number``: of a volume's slice, from 1; what is painted in one stays there, unsaved, while others are looked at.
    ``key``: one a result.
    """
    height, width = lesions.shape
    sent = _for_browser(lesions)
    answered = st.session_state.setdefault("layers_viewer_answered", {})
    said = _component(
        key=key,
        data={
            "id": mask_id,
            "picture": key,
            "answered": answered.get(key, ""),
            "kept": st.session_state.get(_KEPT, {}).get(key, ""),
            "scan": "data:image/png;base64," + base64.b64encode(scan).decode(),
            "alt": alt,
            "width": width,
            "height": height,
            "mapWidth": sent.shape[1],
            "mapHeight": sent.shape[0],
            "labels": pack(sent),
            "surfaces": _numbers(surfaces),
            "umPerRow": axial_mm * 1000 if axial_mm else None,
            "lesions": [{"name": n, "title": t(f"lesion.{n}"), "colour": LESION_COLOURS[n]} for n in LESIONS],
            "layers": [{"name": n, "title": t(f"layer.{n}"), "colour": LAYER_COLOURS[n]} for n in LAYERS],
            "words": {name: t(f"layers.{name}", **_IN_BROWSER) for name in _WORDS},
            "slice": slice_number,
        },
        on_review_change=lambda: None,
    ).get("review")
    if said is None or not _is_new(answered, key, said):
        return None
    return said  # type: ignore[no-any-return]


def kept(key: str, said: object) -> None:
    """Tell the browser at the next run that what it sent is saved: only then does it forget what was painted."""
    st.session_state.setdefault(_KEPT, {})[key] = _nonce(said)


def _nonce(said: object) -> str:
    return str(said.get("nonce", ""))[:40] if isinstance(said, dict) else ""


def _is_new(answered: dict[str, str], key: str, said: object) -> bool:
    """Whether this save was not answered yet; it is from now on, and the browser is told so."""
    nonce = _nonce(said)
    known = answered.get(key) == nonce
    answered[key] = nonce
    return not known


def correction(said: object, shown: NDArray[np.uint8], mask_id: str) -> Correction:
    """What the browser sent, checked: a label map for the mask ``shown``, uint8 (H, W), that ``mask_id`` names.

    Raises `BadCorrection` for anything else. Of a map that was sent coarser only the pixels that were changed count.
    """
    if not isinstance(said, dict) or said.get("id") != mask_id:
        raise BadCorrection("It belongs to another mask.")
    sent = _for_browser(shown)
    if [said.get("height"), said.get("width")] != list(sent.shape):
        raise BadCorrection("Its size is not the scan's.")
    note = said.get("note", "")
    if not isinstance(note, str):
        raise BadCorrection("The note is no text.")
    painted = unpack(said.get("mask"), sent.shape)
    if int(painted.max()) > len(LESIONS):
        raise BadCorrection("It names lesions that there are not.")
    if sent.shape == shown.shape:
        lesions = painted
    else:
        size = (shown.shape[1], shown.shape[0])
        changed = cv2.resize((painted != sent).astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
        lesions = np.where(changed, np.asarray(cv2.resize(painted, size, interpolation=cv2.INTER_NEAREST), np.uint8), shown)
    return Correction(mask_id, lesions, " ".join(note.split())[:LONGEST_NOTE])


def pack(labels: NDArray[np.uint8]) -> str:
    """A label map as deflated bytes in base64 (not as a picture: some browsers add noise to pictures that are read back)."""
    return base64.b64encode(zlib.compress(np.ascontiguousarray(labels).tobytes(), 6)).decode()


def unpack(packed: object, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """The reverse of `pack`, for text from outside: never unpacks more than ``shape`` holds. Raises `BadCorrection`."""
    size = int(np.prod(shape))
    if not isinstance(packed, str) or len(packed) > 2 * size + 1024:
        raise BadCorrection("There is no mask in it.")
    try:
        stream = zlib.decompressobj()
        data = stream.decompress(base64.b64decode(packed, validate=True), size + 1)
    except (binascii.Error, ValueError, zlib.error) as error:
        raise BadCorrection("The mask is damaged.") from error
    if len(data) != size or not stream.eof:
        raise BadCorrection("Its size is not the scan's.")
    return np.frombuffer(data, np.uint8).reshape(shape).copy()


def _for_browser(lesions: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The label map, made coarser where a side is longer than `LARGEST_MAP`."""
    height, width = lesions.shape
    scale = LARGEST_MAP / max(height, width)
    if scale >= 1:
        return lesions
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(lesions, size, interpolation=cv2.INTER_NEAREST), np.uint8)


def _numbers(surfaces: NDArray[np.float32]) -> list[list[Any]]:
    """The surfaces as JSON: one list a surface, None where it is not known."""
    rounded = np.round(surfaces.astype(np.float64) * _FINEST) / _FINEST
    return [[float(v) if np.isfinite(v) else None for v in surface] for surface in rounded]
