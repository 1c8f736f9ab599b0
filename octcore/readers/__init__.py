"""Files to `Scan`. One `read()` in front; a file a format family behind it.

What a file is, its content decides; its name only where the content has no mark (Cirrus' .img, Optovue's .OCT). Readers
that need a large library import it when they are called.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from octcore.burnt_text import burnt_text
from octcore.readers.archive import Files, is_zip, names_in, pack, unpacked
from octcore.readers.arrays import is_npy, is_npz, read_npy, read_npz
from octcore.readers.bioptigen import is_bioptigen, read_bioptigen
from octcore.readers.dicom import is_dicom, read_dicom
from octcore.readers.heidelberg_e2e import is_e2e, read_e2e
from octcore.readers.heidelberg_vol import is_vol, read_vol
from octcore.readers.heidelberg_xml import is_xml_export, read_xml_export
from octcore.readers.images import is_picture, read_image
from octcore.readers.limits import LARGEST_CONTAINER, LARGEST_FILE, MEGA, damaged
from octcore.readers.nifti import is_gzip, is_nifti, read_gzipped, read_nifti
from octcore.readers.optovue import companion_missing, is_optovue, read_optovue
from octcore.readers.stack import read_stack
from octcore.readers.topcon import is_topcon, read_topcon
from octcore.readers.zeiss import is_cirrus, read_cirrus
from octcore.scan import Scan, ScanError

__all__ = ["EXTENSIONS", "LARGEST_FILE", "bundles", "pack", "read"]

EXTENSIONS = (
    "jpg", "jpeg", "png", "tif", "tiff", "bmp", "webp", "dcm", "dicom", "vol", "xml", "e2e", "fda", "fds", "img", "oct", "txt",
    "npz", "npy", "nii", "gz", "zip",
)  # fmt: skip
"""What a person may drop (txt and xml only beside the files that they describe)."""
AS_MEASURED = frozenset(("VOL", "E2E", "FDA", "FDS", "FAA", "OCT", "IMG"))
"""Formats that hold what a device measured: nothing is drawn into it."""


def read(data: bytes | Sequence[tuple[str, bytes]], name: str = "", which: int = 0) -> Scan:
    """A file's bytes, or the (name, bytes) of several files that belong together, as a scan.

    Several files are one scan: pictures of one volume (sorted by name, 2 before 10), an XML export's files, DICOM files
    of one examination, an .OCT with its .txt. A ZIP is read as the files in it. ``which``: where a file holds several
    volumes (`Scan.series`), the largest is 0.

    Lettering burnt into the picture, where a name may stand, is warned about (`burnt_text`).
    Raises only `ScanError`, with one sentence that says what is wrong.
    """
    try:
        scan = _read(data, name, which)
        if scan.format not in AS_MEASURED and burnt_text(scan.pixels):
            scan = replace(scan, warnings=(*scan.warnings, "burnt_text"))
        return scan
    except ScanError:
        raise
    except Exception as error:  # a library's own error at damage that no check of ours foresaw
        raise damaged() from error


def _read(data: bytes | Sequence[tuple[str, bytes]], name: str, which: int) -> Scan:
    if isinstance(data, bytes | bytearray | memoryview):
        return _read_one(bytes(data), name, hashlib.sha256(data).hexdigest(), which)
    files = [(str(each), content) for each, content in data]
    if len(files) == 1:
        return _read(files[0][1], files[0][0], which)
    if sum(len(content) for _, content in files) > LARGEST_CONTAINER:
        raise ScanError("volume_too_large", f"Together the files have more than {LARGEST_CONTAINER // MEGA} MB.")
    return _read_several(files, hashlib.sha256(pack(files)).hexdigest(), which)


def bundles(files: Sequence[tuple[str, bytes]]) -> list[Files]:
    """Files that were dropped at once, parted into scans: an XML export with its pictures, DICOM files together, an .OCT
    with its .txt; every other file alone. Whether pictures are one volume, only the person can say."""
    rest = list(files)
    parts: list[Files] = []
    exports = [file for file in rest if is_xml_export(file[1])]
    if exports:
        pictures = [file for file in rest if is_picture(file[1])]
        parts += [[export, *pictures] for export in exports]
        rest = [file for file in rest if file not in exports and file not in pictures]
    texts = {_stem(file[0]): file for file in rest if file[0].lower().endswith(".txt")}
    pairs = [[file, texts[_stem(file[0])]] for file in rest if file[0].lower().endswith(".oct") and _stem(file[0]) in texts]
    parts += pairs
    rest = [file for file in rest if not any(file in pair for pair in pairs)]
    slides = [file for file in rest if is_dicom(file[1])]
    if len(slides) > 1:
        parts.append(slides)
        rest = [file for file in rest if file not in slides]
    return parts + [[file] for file in rest]


def _read_one(data: bytes, name: str, sha256: str, which: int) -> Scan:
    if not data:
        raise ScanError("empty", "The file is empty.")
    if len(data) > LARGEST_CONTAINER:
        raise ScanError("too_large", f"The file has {len(data) // MEGA} MB; up to {LARGEST_CONTAINER // MEGA} MB are read.")
    if is_zip(data):
        if is_npz(names_in(data)):
            return read_npz(data, sha256)
        return _read_several(unpacked(data), sha256, which)
    if is_xml_export(data):
        return read_xml_export(data, {}, sha256)
    if is_dicom(data):
        return read_dicom([data], sha256, which)
    if is_vol(data):
        return read_vol(data, sha256)
    if is_e2e(data):
        return read_e2e(data, sha256, which)
    if is_topcon(data):
        return read_topcon(data, sha256)
    if is_bioptigen(data):
        return read_bioptigen(data, name, sha256)
    if is_npy(data):
        return read_npy(data, sha256)
    if is_nifti(data):
        return read_nifti(data, sha256)
    if is_gzip(data):
        return read_gzipped(data, sha256)
    if is_cirrus(name) and not is_picture(data):
        return read_cirrus(data, name, sha256)
    if name.lower().endswith(".oct") and not is_picture(data):
        raise companion_missing()
    if len(data) > LARGEST_FILE:
        raise ScanError("too_large", f"The file has {len(data) // MEGA} MB; up to {LARGEST_FILE // MEGA} MB are read.")
    return read_image(data, sha256)


def _read_several(files: Files, sha256: str, which: int) -> Scan:
    """Files that belong together. Texts and other things beside a scan are let be."""
    exports = [data for _, data in files if is_xml_export(data)]
    if len(exports) > 1:
        raise ScanError("several_scans", "There are several XML exports; drop them one at a time.")
    if exports:
        return read_xml_export(exports[0], dict(files), sha256, which)
    slides = [data for _, data in files if is_dicom(data)]
    if slides:
        return read_dicom(slides, sha256, which)
    words = {_stem(name): data for name, data in files if is_optovue(data[:65536]) and name.lower().endswith(".txt")}
    for name, data in files:
        if name.lower().endswith(".oct") and _stem(name) in words and not is_bioptigen(data):
            return read_optovue(data, words[_stem(name)], name, sha256, which)
    volumes = [(name, data) for name, data in files if _is_volume(name, data)]
    if len(volumes) > 1:
        raise ScanError("several_scans", "There are several volumes; drop them one at a time.")
    if volumes:
        return _read_one(volumes[0][1], volumes[0][0], sha256, which)
    pictures = [(name, data) for name, data in files if is_picture(data)]
    if pictures:
        return read_stack(pictures, sha256)
    raise ScanError("no_scan", "None of these files is a scan that can be read.")


def _is_volume(name: str, data: bytes) -> bool:
    marks = (is_vol, is_e2e, is_topcon, is_bioptigen, is_npy, is_nifti, is_gzip)
    return any(mark(data) for mark in marks) or (is_cirrus(name) and not is_picture(data))


def _stem(name: str) -> str:
    return name.replace("\\", "/").rsplit(".", 1)[0].lower()
