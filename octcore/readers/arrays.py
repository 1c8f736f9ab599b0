"""NumPy's .npz and .npy: a volume with, beside it, what is known of it.

Written by ``np.savez(file, volume=..., spacing_mm=(slice, axial, lateral), laterality="OD")``. Nothing pickled is read.
"""

from __future__ import annotations

import io
import math
import zipfile
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from octcore.readers.binary import millimetres
from octcore.readers.levels import eight_bits, is_coloured
from octcore.readers.limits import LARGEST_VOXELS, check_volume, damaged
from octcore.readers.sides import eye_of
from octcore.scan import Laterality, Scan, ScanError, Spacing

NAMES = ("volume", "oct", "images", "image", "bscan", "bscans", "data", "scan", "arr_0")
LARGEST_NOTE = 1000
"""Numbers in an array that is not the picture."""


def is_npy(data: bytes) -> bool:
    """Whether the first bytes are those of one array."""
    return data[:6] == b"\x93NUMPY"


def is_npz(names: list[str]) -> bool:
    """Whether a ZIP's names are those of arrays."""
    return bool(names) and all(name.endswith(".npy") for name in names)


def read_npy(data: bytes, sha256: str) -> Scan:
    """One array. Raises as `read_npz`."""
    return _scan(_array(io.BytesIO(data), len(data), LARGEST_VOXELS), {}, "NPY", sha256)


def read_npz(data: bytes, sha256: str) -> Scan:
    """The array called volume (or the largest one). Raises `ScanError`: no_scan, unsafe (pickles), truncated, too_small,
    volume_too_large (by the array's header, before it is unpacked)."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        infos = {info.filename.removesuffix(".npy"): info for info in archive.infolist()[:64]}
        largest = max(infos, key=lambda name: infos[name].file_size)
        chosen = next((name for name in NAMES if name in infos), largest)
        notes: dict[str, NDArray[Any]] = {}
        for name in ("spacing_mm", "spacing", "laterality", "eye", "modality"):
            if name in infos and name != chosen:
                with archive.open(infos[name]) as file:
                    notes[name] = _array(file, infos[name].file_size, LARGEST_NOTE)
        with archive.open(infos[chosen]) as file:
            array = _array(file, infos[chosen].file_size, LARGEST_VOXELS)
    return _scan(array, notes, "NPZ", sha256)


def _array(file: IO[bytes], size: int, most: int) -> NDArray[Any]:
    """The array in a .npy file of ``size`` bytes, if it has at most ``most`` numbers."""
    version = npy.read_magic(file)  # type: ignore[no-untyped-call]
    read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, transposed, dtype = read_header(file)  # type: ignore[no-untyped-call]
    if dtype.hasobject:
        raise ScanError("unsafe", "The array holds pickled objects; it was not opened.")
    count = math.prod(shape)
    if min(shape, default=1) < 0 or dtype.kind not in "biufU" or dtype.itemsize > 256:
        raise damaged()
    if count > most:
        raise ScanError("volume_too_large", f"The array has {count:,} numbers; up to {most:,} are read.")
    if count * dtype.itemsize > size:
        raise damaged()
    raw = file.read(count * dtype.itemsize)
    if len(raw) < count * dtype.itemsize:
        raise damaged()
    array = np.frombuffer(raw, dtype)
    return array.reshape(shape[::-1]).T if transposed else array.reshape(shape)


def _scan(array: NDArray[Any], notes: dict[str, NDArray[Any]], kind: str, sha256: str) -> Scan:
    if array.ndim == 4 and array.shape[0] == 1:
        array = array[0]
    if array.ndim == 4 and array.shape[3] in (1, 3):
        array = array[..., 0] if array.shape[3] == 1 else np.asarray(array[..., :3].mean(axis=3), array.dtype)
    if array.ndim == 3 and array.shape[2] == 3 and array.dtype == np.uint8:
        check_volume(1, *array.shape[:2])
        array = np.ascontiguousarray(array)
        if is_coloured(array):
            return Scan(pixels=array, modality="fundus", sha256=sha256, format=kind, laterality=_side(notes))
        array = np.asarray(array.mean(axis=2), np.uint8)
    if array.ndim == 2:
        array = array[None]
    if array.ndim != 3 or array.dtype.kind not in "biuf":
        raise ScanError("no_scan", "This file holds no picture or volume (slices, rows, columns).")
    check_volume(*array.shape)
    volume = eight_bits(array)
    no_data = ~np.isfinite(array) if array.dtype.kind == "f" else None
    if no_data is not None and not no_data.any():
        no_data = None
    return Scan.of_slices(volume, no_data, sha256=sha256, format=kind, spacing_mm=_spacing(notes), laterality=_side(notes))


def _spacing(notes: dict[str, NDArray[Any]]) -> Spacing:
    given = notes.get("spacing_mm", notes.get("spacing"))
    if given is None or given.dtype.kind not in "iuf" or given.size not in (2, 3):
        return Spacing()
    steps = [millimetres(v) for v in given.reshape(-1)]
    return Spacing(*steps) if len(steps) == 3 else Spacing(None, *steps)


def _side(notes: dict[str, NDArray[Any]]) -> Laterality | None:
    given = notes.get("laterality", notes.get("eye"))
    return eye_of(str(given.reshape(-1)[0])) if given is not None and given.size == 1 else None
