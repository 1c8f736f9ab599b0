"""Heidelberg HEYEX' XML export: one XML file beside a picture for each B-scan and one for the en-face view.

eyepy stops at real exports with an IndexError when a field is missing; here a missing field is None. Hospitals' files
hold names in other encodings than they claim, several series, and paths of the hospital's own drives.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from octcore.readers.binary import day, millimetres
from octcore.readers.geometry import Line, layout_of
from octcore.readers.images import is_picture, open_picture, rendered
from octcore.readers.levels import white_wedges
from octcore.readers.limits import LARGEST_FILE, LARGEST_SLICES, check_volume, check_which, damaged
from octcore.readers.sides import eye_of
from octcore.scan import Laterality, Pattern, Scan, ScanError, Spacing

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MOST_TAGS = 300_000
"""An export of a hundred B-scans has some fifty thousand."""
CONTEXT = "OphthalmicAcquisitionContext"


def is_xml_export(data: bytes) -> bool:
    """Whether this is HEYEX' XML (its root is HEDX)."""
    head = data[:4096]
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        head = head.replace(b"\0", b"")
    return b"<HEDX" in head


def read_xml_export(xml: bytes, beside: Mapping[str, bytes], sha256: str, which: int = 0) -> Scan:
    """``beside``: the files that came with it, by name. ``which``: of several series, largest first.

    Raises `ScanError`: missing_files (no picture came with it), several_scans, truncated, unsafe, too_small, too_large.
    """
    root = _parsed(xml)
    files = _Beside(beside)
    scans = [(s, [i for i in s.findall("Image") if _text(i, "ImageType/Type") == "OCT"]) for s in root.iter("Series")]
    if not any(images for _, images in scans):
        raise ScanError("no_scan", "This export holds no OCT scan.")
    found = [(s, images, [(i, data) for i in images if (data := files.of(i)) is not None]) for s, images in scans]
    found = sorted((one for one in found if one[2]), key=lambda one: -len(one[2]))
    if not found:
        raise ScanError("missing_files", "The XML export came without its images; drop the whole folder or a ZIP of it.")
    check_which(which, len(found))
    series, images, there = found[which]
    warnings = ["slices_missing"] if len(there) < len(images) else []
    sizes = [open_picture(data).size for _, data in there[: LARGEST_SLICES + 1]]
    usual = max(sizes, key=sizes.count)
    if len(set(sizes)) > 1:  # a volume and a single scan of another size in one series
        there = [pair for pair, size in zip(there, sizes, strict=False) if size == usual]
        warnings.append("slices_differ")
    if len(found) > 1:
        warnings.append("several_series")
    volume, no_data = _decoded([data for _, data in there])
    lines = [line for line in (_line(image) for image, _ in there) if line is not None]
    pattern, apart = layout_of(lines) if len(lines) == len(there) else ("unknown", None)
    pattern = _named(series, len(images)) or pattern
    first = there[0][0]
    width, height = _number(first, "Width"), _number(first, "Height")
    shrunk_x = width / volume.shape[2] if width else 1.0  # exports can be scaled: the spacing is of the original
    shrunk_y = height / volume.shape[1] if height else 1.0
    if abs(shrunk_x - 1) > 1e-9 or abs(shrunk_y - 1) > 1e-9:
        warnings.append("size_differs")
    return Scan.of_slices(
        volume,
        no_data,
        sha256=sha256,
        format="HEYEX XML",
        spacing_mm=Spacing(
            apart if pattern == "volume" and len(there) > 1 else None,
            millimetres((_number(first, "ScaleY") or 0) * shrunk_y),
            millimetres((_number(first, "ScaleX") or 0) * shrunk_x),
        ),
        laterality=_eye(first, series),
        en_face=_en_face(series, files),
        pattern=pattern,
        device="Heidelberg Spectralis",
        acquired=_day(series, "ReferenceSeries/ExamDate/Date")
        or next((_day(s, "StudyDate/Date") for s in root.iter("Study")), None),
        series=len(found),
        warnings=tuple(warnings),
    )


def _parsed(xml: bytes) -> Element:
    import defusedxml
    import defusedxml.ElementTree as safe

    if len(xml) > LARGEST_FILE or xml.count(b"<") > MOST_TAGS:
        raise ScanError("too_large", f"The XML file has {len(xml) // 2**20} MB; up to {LARGEST_FILE // 2**20} MB are read.")
    if xml[:2] in (b"\xff\xfe", b"\xfe\xff"):
        xml = xml.decode("utf-16", errors="replace").encode()
    plain = re.sub(rb"^\s*(\xef\xbb\xbf)?\s*<\?xml[^>]*\?>", b"", xml, count=1)
    unprintable = rb"[\x00-\x08\x0b\x0c\x0e-\x1f]"
    attempts = (xml, re.sub(unprintable, b"", plain.decode("utf-8", errors="replace").encode()))
    for attempt in attempts:
        try:
            root: Element = safe.fromstring(attempt)
            return root
        except defusedxml.DefusedXmlException as error:
            raise ScanError("unsafe", "The XML file defines entities; it was not opened.") from error
        except (safe.ParseError, ValueError, LookupError):
            continue
    raise damaged()


def _text(element: Element, path: str) -> str:
    return (element.findtext(path) or "").strip()


def _number(image: Element, field: str) -> float | None:
    try:
        value = float(_text(image, f"{CONTEXT}/{field}"))
    except ValueError:
        return None
    return value if np.isfinite(value) and value > 0 else None


class _Beside:
    """The files that came with the XML, found by the names in it: without the hospital's folders, in any case of
    letters, and, where someone converted the pictures, by the name before the dot."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        pictures = {name.replace("\\", "/").rsplit("/", 1)[-1].lower(): d for name, d in files.items() if is_picture(d)}
        self.by_name = pictures
        self.by_stem = {name.rsplit(".", 1)[0]: data for name, data in pictures.items()}

    def of(self, image: Element) -> bytes | None:
        """The picture that an Image element names, or None where it is not there."""
        for element in image.findall("ImageData/*"):
            name = (element.text or "").strip().replace("\\", "/").rsplit("/", 1)[-1].lower()
            found = self.by_name.get(name) or (self.by_stem.get(name.rsplit(".", 1)[0]) if "." in name else None)
            if found is not None:
                return found
        return None


def _line(image: Element) -> Line | None:
    try:
        ends = [float(_text(image, f"{CONTEXT}/{end}/Coord/{axis}")) for end in ("Start", "End") for axis in ("X", "Y")]
    except ValueError:
        return None
    return Line(*ends)


def _named(series: Element, images: int) -> Pattern | None:
    """The pattern, where the series says it: circles have a centre for an end, which no geometry tells."""
    words = f"{_text(series, 'Type')} {_text(series, 'ProcedureType')}".lower()
    if any(word in words for word in ("circ", "ring", "rnfl")):
        return "circle"
    if any(word in words for word in ("star", "radial")):
        return "radial"
    return "line" if images == 1 else None


def _eye(image: Element, series: Element) -> Laterality | None:
    return eye_of(_text(image, "Laterality")) or eye_of(_text(series, "Laterality"))


def _day(element: Element, path: str) -> date | None:
    return day(*(_text(element, f"{path}/{name}") for name in ("Year", "Month", "Day")))


def _decoded(files: list[bytes]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """uint8 and bool (slices, H, W) of the B-scans' pictures, which have one size; fill wedges 0."""
    width, height = open_picture(files[0]).size
    check_volume(len(files), height, width)
    volume = np.empty((len(files), height, width), np.uint8)
    no_data = np.empty(volume.shape, bool)
    for k, data in enumerate(files):
        try:
            grey, _ = rendered(open_picture(data))
            if grey.ndim == 3:  # exports with lines drawn over the scan
                grey = grey.max(axis=2)
            no_data[k] = white_wedges(grey)
            volume[k] = np.where(no_data[k], 0, grey)
        except Exception as error:  # decoders raise whatever they like
            raise damaged() from error
    return volume, no_data


def _en_face(series: Element, files: _Beside) -> NDArray[np.uint8] | None:
    for image in series.findall("Image"):
        data = files.of(image) if _text(image, "ImageType/Type") == "LOCALIZER" else None
        if data is not None:
            try:
                picture = open_picture(data)
                if picture.size[0] * picture.size[1] <= 16_000_000:
                    return rendered(picture)[0]
            except Exception:  # the B-scans are what was asked for
                return None
    return None
