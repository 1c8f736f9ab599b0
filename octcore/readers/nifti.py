"""NIfTI (.nii, .nii.gz), read with nibabel after its header is checked."""

from __future__ import annotations

import math
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from octcore.readers.binary import millimetres
from octcore.readers.levels import eight_bits
from octcore.readers.limits import LARGEST_CONTAINER, check_volume, damaged
from octcore.scan import Scan, ScanError, Spacing

UNITS_MM = {1: 1000.0, 2: 1.0, 3: 0.001}
"""Metre, millimetre, micrometre."""


def is_nifti(data: bytes) -> bool:
    """NIfTI-1 or NIfTI-2, as one file (n+1, n+2)."""
    return data[344:347] == b"n+1" or data[4:7] == b"n+2"


def is_gzip(data: bytes) -> bool:
    """Whether the first bytes are gzip's."""
    return data[:3] == b"\x1f\x8b\x08"


def read_gzipped(data: bytes, sha256: str) -> Scan:
    """A .nii.gz: no more is unpacked than its header claims. Raises as `read_nifti`, and `ScanError`: unsupported."""
    try:
        head = zlib.decompressobj(31).decompress(data, 544)
        if not is_nifti(head):
            raise ScanError("unsupported", "Of gzip files, only NIfTI (.nii.gz) is read.")
        claimed = _claimed(head)
        unpacked = zlib.decompressobj(31).decompress(data, claimed)
    except zlib.error as error:
        raise damaged() from error
    if len(unpacked) < claimed:
        raise damaged()
    return read_nifti(unpacked, sha256)


def _claimed(head: bytes) -> int:
    """Bytes that the file has by its header, checked against what is read. Raises `ScanError`."""
    first = head[4:7] == b"n+2"
    for order in "<>":
        if struct.unpack_from(order + "i", head)[0] in (348, 540):
            break
    else:
        raise damaged()
    if first:
        dims = struct.unpack_from(order + "8q", head, 16)
        bits, offset = struct.unpack_from(order + "h", head, 14)[0], struct.unpack_from(order + "q", head, 168)[0]
    else:
        dims = struct.unpack_from(order + "8h", head, 40)
        bits, offset = struct.unpack_from(order + "h", head, 72)[0], int(struct.unpack_from(order + "f", head, 108)[0])
    count = dims[0]
    if not 2 <= count <= 7 or min(dims[1 : count + 1]) < 1 or not 8 <= bits <= 256 or not 348 <= offset <= 2**26:
        raise damaged()
    if any(n > 1 for n in dims[4 : count + 1]):
        raise ScanError("several_scans", "This NIfTI file has more than three dimensions.")
    shape = [*dims[1 : min(count, 3) + 1], 1][:3]
    size = offset + math.prod(shape) * bits // 8
    check_volume(*_ordered(shape))
    if size > 2 * LARGEST_CONTAINER:
        raise ScanError("volume_too_large", f"The file claims {size // 2**20} MB of pixels.")
    return int(size)


def _slice_axis(shape: list[int] | tuple[int, ...]) -> int:
    """The axis that counts B-scans: there are fewer of them than rows and columns. Of equals the last, as ITK writes."""
    return max(range(3), key=lambda axis: (-shape[axis], axis))


def _axes(shape: list[int] | tuple[int, ...]) -> tuple[int, int, int]:
    """Axes of (slices, rows, columns). ITK's files go (columns, rows, slices), arrays that were saved as they are go
    (slices, rows, columns), scans laid into the body's axes (columns, slices, rows)."""
    return {2: (2, 1, 0), 0: (0, 1, 2), 1: (1, 2, 0)}[_slice_axis(shape)]


def _ordered(shape: list[int] | tuple[int, ...]) -> tuple[int, int, int]:
    slices, rows, columns = (shape[axis] for axis in _axes(shape))
    return slices, rows, columns


def read_nifti(data: bytes, sha256: str) -> Scan:
    """Raises `ScanError`: truncated, too_small, volume_too_large, several_scans, unsupported."""
    import nibabel

    if _claimed(data) > len(data):
        raise damaged()
    kind: Any = nibabel.Nifti2Image if data[4:7] == b"n+2" else nibabel.Nifti1Image  # type: ignore[attr-defined]
    image = kind.from_bytes(data)
    stored: NDArray[Any] = np.asarray(image.dataobj.get_unscaled())
    if stored.dtype.fields:
        raise ScanError("unsupported", "Coloured NIfTI files are not read.")
    stored = stored.reshape([*stored.shape, 1, 1][:3]) if stored.ndim < 3 else stored.reshape(stored.shape[:3])
    axes = _axes(stored.shape)
    volume = eight_bits(np.ascontiguousarray(stored.transpose(axes)))
    if image.dataobj.slope < 0:
        volume = np.asarray(255 - volume, np.uint8)
    factor = UNITS_MM.get(int(image.header["xyzt_units"]) & 7, 1.0)
    steps = [millimetres(float(step) * factor) for step in image.header["pixdim"][1:4]]
    slices = len(volume)
    apart, axial, lateral = (steps[axis] for axis in axes)
    untold = all(step == 1.0 for step in steps[: 3 if slices > 1 else 2])  # what writers put where they know nothing
    spacing = Spacing() if untold else Spacing(apart if slices > 1 else None, axial, lateral)
    return Scan.of_slices(
        volume,
        sha256=sha256,
        format="NIfTI",
        spacing_mm=spacing,
        pattern="volume" if slices > 1 else "unknown",
        warnings=() if axes == (2, 1, 0) else ("axes_assumed",),
    )
