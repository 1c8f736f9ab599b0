"""DICOM: ophthalmic tomography (many frames, or a series of files), ophthalmic photography, compressed or not.

Only what a scan needs is taken; names, numbers and dates of a person stay behind.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from octcore.readers.binary import day, millimetres, text
from octcore.readers.dicom_frames import frames
from octcore.readers.geometry import Line, layout_of
from octcore.readers.levels import eight_bits, is_coloured
from octcore.readers.limits import LARGEST_CONTAINER, LARGEST_FILE, MEGA, check_picture, check_volume, check_which, damaged
from octcore.readers.sides import eye_of
from octcore.readers.zeiss_dicom import end_texts, is_zeiss
from octcore.scan import Known, Laterality, Modality, Pattern, Scan, ScanError, Spacing

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

MOST_PARTS = 200_000
LARGEST_SEQUENCE = 4 * MEGA
DEFLATED = b"1.2.840.10008.1.2.1.99"
TOMOGRAPHY = "1.2.840.10008.5.1.4.1.1.77.1.5.4"
PHOTOGRAPHY = tuple(f"1.2.840.10008.5.1.4.1.1.77.1.5.{k}" for k in (1, 2, 7))
"""Of 8 and of 16 bits, and the en-face view of a tomography."""
OTHER_BODY_PARTS = frozenset(
    ("BI", "BMD", "CR", "CT", "DX", "ECG", "ES", "GM", "IO", "IVOCT", "IVUS", "MG", "MR", "NM", "PT", "PX", "RF", "RG", "SEG")
) | {"RTDOSE", "RTIMAGE", "SM", "US", "XA"}
"""Modalities whose pictures are never of an eye; better refused than read as one."""


def is_dicom(data: bytes) -> bool:
    """With the mark DICM, or without the preamble, as some cameras write."""
    return data[128:132] == b"DICM" or (data[:2] in (b"\x08\0", b"\x02\0") and data[4:6] in (b"UL", b"CS", b"UI", b"DA"))


def read_dicom(files: Sequence[bytes], sha256: str, which: int = 0) -> Scan:
    """One file, or all files of an examination: the tomography with the most frames, single frames of one series
    joined, a photograph beside it as ``en_face``. ``which``: of several, the largest first.

    Raises `ScanError`: no_scan, truncated, unsafe, unsupported, too_small, too_large, volume_too_large.
    """
    groups = _groups([_parsed(data) for data in files])
    if not groups:
        raise ScanError("no_scan", "This DICOM file holds no image.")
    scans = [group for group in groups if _modality(group[0]) == "oct"] or groups
    check_which(which, len(scans))
    scan = _scan(scans[which], sha256)
    photographs = [group for group in groups if _modality(group[0]) == "fundus"]
    if scan.modality == "oct" and len(photographs) == 1:
        scan = replace(scan, en_face=_scan(photographs[0], sha256).pixels)
    if len(scans) > 1:
        scan = replace(scan, series=len(scans), warnings=(*scan.warnings, "several_series"))
    return scan


def _parsed(data: bytes) -> Dataset:
    """The file's elements, none of them decoded."""
    from pydicom import dcmread

    if DEFLATED in data[:2048]:
        _check_deflated(data)
    one = dcmread(_Bounded(data), force=True)
    if is_zeiss(one):
        end_texts(one)
    return one


class _Bounded(io.BytesIO):
    """Bytes that can be read in so many parts only: a file of nothing but tiny elements would take minutes."""

    parts = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.parts += 1
        if self.parts > MOST_PARTS:
            raise damaged()
        return super().read(size)


def _check_deflated(data: bytes) -> None:
    """That syntax packs the whole file, which pydicom unpacks without a limit."""
    length = int.from_bytes(data[140:144], "little")
    if not 0 < length < 65536:
        raise damaged()
    try:
        rest = zlib.decompressobj(-15)
        rest.decompress(data[144 + length :], LARGEST_FILE)
    except zlib.error as error:
        raise damaged() from error
    if rest.unconsumed_tail:
        raise ScanError("unsafe", "The file would unpack to far more than it holds; it was not opened.")


def _groups(sets: list[Dataset]) -> list[list[Dataset]]:
    """Files of one volume together, in order; the volume with the most frames first."""
    volumes: dict[object, list[Dataset]] = {}
    for number, one in enumerate(sets):
        if "Rows" not in one or "PixelData" not in one:
            continue
        alone = _count(one) > 1 or "SeriesInstanceUID" not in one
        key = number if alone else (one.SeriesInstanceUID, one.Rows, one.Columns, one.get("SOPClassUID"))
        volumes.setdefault(key, []).append(one)
    for group in volumes.values():
        group.sort(key=lambda one: int(one.get("InstanceNumber") or 0))
    return sorted(volumes.values(), key=lambda group: -sum(_count(one) for one in group))


def _count(one: Dataset) -> int:
    return max(1, int(one.get("NumberOfFrames") or 1))


def _modality(one: Dataset) -> Modality:
    """By the kind of object; "unknown" lets the pixels decide."""
    if one.get("SOPClassUID") == TOMOGRAPHY or one.get("Modality") in ("OPT", "OCT"):
        return "oct"
    if one.get("SOPClassUID") in PHOTOGRAPHY or one.get("Modality") in ("OP", "OPTENF"):
        return "fundus"
    return "unknown"


def _scan(group: list[Dataset], sha256: str) -> Scan:
    first = group[0]
    rows, columns, samples = int(first.Rows), int(first.Columns), int(first.get("SamplesPerPixel") or 1)
    count = sum(_count(one) for one in group)
    modality = _modality(first)
    if first.get("Modality") in OTHER_BODY_PARTS:
        raise ScanError("unsupported", f"This DICOM image is of the kind {first.Modality}, not of an eye.")
    if samples not in (1, 3):
        raise ScanError("unsupported", f"DICOM images with {samples} samples a pixel are not read.")
    if count * samples * int(first.get("BitsAllocated") or 8) // 8 * rows * columns > LARGEST_CONTAINER:
        check_volume(10**9, rows, columns)
    if count == 1 and modality != "oct":
        check_picture(columns, rows)
    else:
        check_volume(count, rows, columns)
    stored = [frame for one in group for frame in frames(one, _count(one), rows, columns, samples)]
    if any(frame.shape != stored[0].shape or frame.dtype != stored[0].dtype for frame in stored):
        raise damaged()
    spacing, warnings = _spacing(group)
    device = f"{first.get('Manufacturer') or ''} {first.get('ManufacturerModelName') or ''}"
    known = Known(
        sha256=sha256,
        format="DICOM",
        spacing_mm=Spacing(None, *spacing[1:]) if count == 1 else spacing,
        laterality=_laterality(first),
        device=text(device.encode(), "utf-8") or None,
        acquired=_acquired(first),
        warnings=warnings if count > 1 else (),
    )
    if stored[0].ndim == 3:
        depth = max(0, int(first.get("BitsStored") or 8) - 8)
        colours = [np.asarray(frame >> depth if frame.dtype != np.uint8 else frame, np.uint8) for frame in stored]
        if modality == "fundus" or (modality == "unknown" and is_coloured(colours[0])):
            return _photograph(colours[0], count, known)
        stored = [np.asarray(frame.mean(axis=2), np.uint8) for frame in colours]
    volume, no_data = _shown(first, np.stack(stored))
    if modality == "fundus":
        return _photograph(np.repeat(volume[0][..., None], 3, axis=2), count, known)
    known["pattern"] = _pattern(group) if count > 1 else "line"
    if known["pattern"] not in ("volume", "unknown"):
        known["spacing_mm"] = Spacing(None, *spacing[1:])
    return Scan.of_slices(volume, no_data, **known)


def _photograph(pixels: NDArray[np.uint8], count: int, known: Known) -> Scan:
    """The first of ``count`` frames, uint8 (H, W, 3)."""
    known["warnings"] = ("only_first_page",) if count > 1 else ()
    return Scan(pixels=pixels, modality="fundus", **known)


def _shown(one: Dataset, stored: NDArray[Any]) -> tuple[NDArray[np.uint8], NDArray[np.bool_] | None]:
    """uint8 (frames, H, W) through the file's rescale and window, white on black, and where there is padding."""
    padding = one.get("PixelPaddingValue")
    no_data = None
    if isinstance(padding, int) and int(one.get("BitsStored") or 8) > 8:
        found = stored == padding
        no_data = found if found.any() else None
    centre, width = (_number(_deep(one, "FrameVOILUTSequence", name)) for name in ("WindowCenter", "WindowWidth"))
    slope = _number(_deep(one, "PixelValueTransformationSequence", "RescaleSlope"))
    intercept = _number(_deep(one, "PixelValueTransformationSequence", "RescaleIntercept")) or 0.0
    slope = 1.0 if slope in (None, 0.0) else slope
    assert slope is not None
    if centre is None or width is None or width < 1:
        volume = eight_bits(stored if slope > 0 else -stored.astype(np.float32))
    else:
        function = str(_deep(one, "FrameVOILUTSequence", "VOILUTFunction") or "LINEAR").upper()
        volume = np.empty(stored.shape, np.uint8)
        for k, frame in enumerate(stored):
            values = frame.astype(np.float32) * slope + intercept
            volume[k] = np.round(np.clip(_windowed(values, centre, width, function), 0, 1) * 255).astype(np.uint8)
    if one.get("PhotometricInterpretation") == "MONOCHROME1":
        volume = np.asarray(255 - volume, np.uint8)
    if no_data is not None:
        volume[no_data] = 0
    return volume, no_data


def _windowed(values: NDArray[np.float32], centre: float, width: float, function: str) -> NDArray[Any]:
    """The standard's window functions (PS3.3 C.11.2.1.2), to [0, 1]."""
    if function == "SIGMOID":
        with np.errstate(over="ignore"):
            return np.asarray(1 / (1 + np.exp(-4 * (values - centre) / width)))
    if function == "LINEAR_EXACT":
        return np.asarray((values - centre) / width + 0.5)
    return np.asarray((values - (centre - 0.5)) / max(width - 1, 1e-6) + 0.5)


def _number(value: Any) -> float | None:
    """One number; of several the first."""
    try:
        found = float(value[0] if isinstance(value, Sequence) and not isinstance(value, str) and len(value) else value)
    except (TypeError, ValueError):
        return None
    return found if np.isfinite(found) else None


def _inside(one: Dataset, sequence: str) -> Iterator[Dataset]:
    """A macro's items: those shared by all frames, the first frame's own, and those at the data set's own level."""
    for holder in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        for group in _items(one, holder)[:1]:
            yield from _items(group, sequence)[:1]
    yield from _items(one, sequence)[:1]
    yield one


def _items(one: Dataset, sequence: str) -> list[Dataset]:
    """A sequence's items, none where there is no such sequence; pydicom parses it only now, so its size is checked."""
    if sequence not in one:
        return []
    raw = getattr(one.get_item(sequence), "value", None)
    if isinstance(raw, bytes) and len(raw) > LARGEST_SEQUENCE:
        raise damaged()
    return list(one.get(sequence) or [])


def _deep(one: Dataset, sequence: str, keyword: str) -> Any:
    return next((item.get(keyword) for item in _inside(one, sequence) if item.get(keyword) not in (None, "")), None)


def _spacing(group: list[Dataset]) -> tuple[Spacing, tuple[str, ...]]:
    """PixelSpacing is first between rows (axial), then between columns (lateral)."""
    first = group[0]
    pixel = _deep(first, "PixelMeasuresSequence", "PixelSpacing") or [None, None]
    axial, lateral = (millimetres(v) for v in list(pixel)[:2]) if len(pixel) >= 2 else (None, None)
    apart = millimetres(_deep(first, "PixelMeasuresSequence", "SpacingBetweenSlices")) or _between(_positions(group))
    if apart is None:
        apart = millimetres(_deep(first, "PixelMeasuresSequence", "SliceThickness"))
        if apart is not None:
            return Spacing(apart, axial, lateral), ("slice_distance_from_thickness",)
    return Spacing(apart, axial, lateral), ()


def _pattern(group: list[Dataset]) -> Pattern:
    """By where each frame lies on the en-face picture, in that picture's pixels."""
    lines: list[Line] = []
    for one in group:
        for item in _items(one, "PerFrameFunctionalGroupsSequence"):
            ends = _deep(item, "OphthalmicFrameLocationSequence", "ReferenceCoordinates")
            if ends is not None and len(ends) == 4:
                lines.append(Line(float(ends[1]), float(ends[0]), float(ends[3]), float(ends[2])))
    frames_told = sum(_count(one) for one in group)
    return layout_of(lines)[0] if len(lines) == frames_told else "unknown"


def _positions(group: list[Dataset]) -> NDArray[np.float64] | None:
    """Millimetres (frames, 3) of each frame's corner, or None where one lacks."""
    found = []
    for one in group:
        items = _items(one, "PerFrameFunctionalGroupsSequence") or [one]
        for item in items:
            places = [p for p in (*_items(item, "PlanePositionSequence")[:1], item) if p.get("ImagePositionPatient")]
            if not places:
                return None
            found.append([float(v) for v in places[0].ImagePositionPatient])
    points = np.asarray(found, np.float64)
    return points if points.ndim == 2 and points.shape[1] == 3 and np.isfinite(points).all() else None


def _between(points: NDArray[np.float64] | None) -> float | None:
    if points is None or len(points) < 2:
        return None
    return millimetres(float(np.median(np.linalg.norm(np.diff(points, axis=0), axis=1))))


def _laterality(one: Dataset) -> Laterality | None:
    found = (
        _deep(one, "FrameAnatomySequence", "FrameLaterality"),
        one.get("ImageLaterality"),
        one.get("Laterality"),
    )
    return next((eye for side in found if (eye := eye_of(str(side)))), None)


def _acquired(one: Dataset) -> date | None:
    for keyword in ("AcquisitionDateTime", "AcquisitionDate", "ContentDate", "SeriesDate", "StudyDate"):
        value = str(one.get(keyword) or "")
        found = day(value[:4], value[4:6], value[6:8]) if len(value) >= 8 else None
        if found:
            return found
    return None
