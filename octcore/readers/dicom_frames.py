"""DICOM's pixels, frame by frame; a compressed frame's own size is checked before it is decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from octcore.readers.limits import damaged
from octcore.readers.zeiss_dicom import in_order, is_zeiss
from octcore.scan import ScanError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

RLE = "1.2.840.10008.1.2.5"
JPEG_2000 = ("1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91")
STREAM = b"\xff\x4f\xff\x51"
"""With which a JPEG 2000 stream begins: SOC, then SIZ."""
FILMS = "1.2.840.10008.1.2.4.10"
"""MPEG-2 and its successors end in 100 to 108."""
PILLOW = ("1.2.840.10008.1.2.4.50", *JPEG_2000)
"""JPEG baseline and JPEG 2000: Pillow has withstood more bad files than the other decoders."""


def frames(one: Dataset, count: int, rows: int, columns: int, samples: int) -> list[NDArray[Any]]:
    """(rows, columns) as stored, or (rows, columns, 3) RGB, for each frame.

    Raises `ScanError`: truncated, unsupported.
    """
    if "TransferSyntaxUID" not in (one.get("file_meta") or getattr(one, "file_meta", {})):
        from pydicom.dataset import FileMetaDataset
        from pydicom.uid import ImplicitVRLittleEndian

        one.file_meta = FileMetaDataset()
        one.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    syntax = one.file_meta.TransferSyntaxUID
    bits = int(one.get("BitsAllocated") or 8)
    frame_bytes = rows * columns * samples * bits // 8
    if str(syntax).startswith(FILMS):
        raise ScanError("unsupported", "DICOM films are not read.")
    if syntax in JPEG_2000:
        _bare(one, count)
    if syntax.is_encapsulated:
        _check_frames(one, count, rows, columns, frame_bytes, syntax == RLE)
    elif len(one.PixelData) < frame_bytes * count and "422" not in str(one.get("PhotometricInterpretation")):
        raise damaged()
    for plugin in ("pillow", "") if syntax in PILLOW else ("",):
        try:
            return _decoded(one, plugin)
        except NotImplementedError as error:
            raise ScanError("unsupported", f"DICOM pixels of this kind ({syntax.name}) are not read.") from error
        except Exception:  # decoders raise whatever they like on damaged frames; Pillow also refuses some sound ones
            continue
    raise damaged()


def _decoded(one: Dataset, plugin: str) -> list[NDArray[Any]]:
    from pydicom.pixels.processing import apply_color_lut
    from pydicom.pixels.utils import iter_pixels

    found = []
    for frame in iter_pixels(one, raw=False, decoding_plugin=plugin):
        shown = apply_color_lut(frame, one) if one.get("PhotometricInterpretation") == "PALETTE COLOR" else frame
        if shown.ndim == 3 and shown.dtype == np.uint16:
            shown = np.asarray(shown >> 8, np.uint8)
        found.append(shown)
    return found


def _bare(one: Dataset, count: int) -> None:
    """Leave of every JPEG 2000 frame its stream alone, and of those that Zeiss scrambled what they were before.

    Some files wrap it in .jp2's boxes, against the standard; pydicom 3.0 never comes back from a box of no length.
    """
    from pydicom.encaps import encapsulate, generate_frames

    try:
        found = list(generate_frames(one.PixelData, number_of_frames=count))
    except Exception as error:
        raise damaged() from error
    plain = [in_order(frame) or frame if is_zeiss(one) and _size(frame) is None else frame for frame in found]
    bare = [frame[max(0, frame.find(STREAM, 0, 4096)) :] if frame[4:8] == b"jP  " else frame for frame in plain]
    if bare != found:
        one.PixelData = encapsulate(bare)


def _check_frames(one: Dataset, count: int, rows: int, columns: int, frame_bytes: int, run_lengths: bool) -> None:
    """A frame whose own header claims another size than the file is a bomb, or damaged."""
    from pydicom.encaps import generate_frames

    found = 0
    try:
        for frame in generate_frames(one.PixelData, number_of_frames=count):
            found += 1
            if run_lengths:
                if len(frame) > 2 * frame_bytes + 1024:
                    raise damaged()
            elif (size := _size(frame)) is None and is_zeiss(one):
                raise ScanError("unsupported", "Zeiss scrambled the pixels of this DICOM file; export it without that.")
            elif size != (rows, columns):
                raise damaged()
    except ScanError:
        raise
    except Exception as error:
        raise damaged() from error
    if found < count:
        raise damaged()


def _size(frame: bytes) -> tuple[int, int] | None:
    """(rows, columns) in a JPEG, JPEG-LS or JPEG 2000 stream's header; None where it is neither."""
    if frame[:4] == STREAM:
        right, lower, left, upper = (int.from_bytes(frame[k : k + 4], "big") for k in (8, 12, 16, 20))
        return lower - upper, right - left
    if frame[:2] != b"\xff\xd8":
        return None
    at = 2
    while at + 9 <= len(frame) and frame[at] == 0xFF:
        mark = frame[at + 1]
        if mark == 0xFF:
            at += 1
            continue
        if (0xC0 <= mark <= 0xCF and mark not in (0xC4, 0xC8, 0xCC)) or mark == 0xF7:
            return int.from_bytes(frame[at + 5 : at + 7], "big"), int.from_bytes(frame[at + 7 : at + 9], "big")
        at += 2 + max(2, int.from_bytes(frame[at + 2 : at + 4], "big"))
    return None
