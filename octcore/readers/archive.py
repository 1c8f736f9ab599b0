"""ZIP archives: what is in them, unpacked only as far as a scan may reach; and several files as one."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence

from octcore.readers.limits import LARGEST_CONTAINER, LARGEST_SLICES, MEGA, damaged
from octcore.scan import ScanError

Files = list[tuple[str, bytes]]
LARGEST_RATIO = 250
"""A real picture or volume never packs so well; checked from one megabyte on."""
JUNK = re.compile(r"(^|/)(__MACOSX/|\.|Thumbs\.db$|desktop\.ini$)", re.IGNORECASE)


def is_zip(data: bytes) -> bool:
    """Whether the first bytes are an archive's."""
    return data[:4] in (b"PK\x03\x04", b"PK\x05\x06")


def names_in(data: bytes) -> list[str]:
    """The names in an archive. Raises `ScanError`: truncated, volume_too_large."""
    return [info.filename for info in _members(data)[1]]


def unpacked(data: bytes) -> Files:
    """The archive's files, without folders and what operating systems add.

    Raises `ScanError`: truncated, unsafe (a bomb, or an archive in it), encrypted, volume_too_large; all of them by the
    directory, before anything is unpacked.
    """
    archive, members = _members(data)
    if len(members) > LARGEST_SLICES:
        raise ScanError("volume_too_large", f"The archive has {len(members)} files; up to {LARGEST_SLICES} are read.")
    for info in members:
        if info.flag_bits & 1:
            raise ScanError("encrypted", "The archive has a password; unpack it first.")
        if info.file_size > MEGA and info.file_size > LARGEST_RATIO * max(1, info.compress_size):
            raise ScanError("unsafe", "The archive would unpack to far more than it holds; it was not opened.")
        if info.filename.lower().endswith((".zip", ".gz", ".7z", ".rar", ".tar", ".bz2", ".xz", ".tgz")) and not (
            info.filename.lower().endswith(".nii.gz")
        ):
            raise ScanError("unsafe", "There is an archive in the archive; unpack it first.")
    if sum(info.file_size for info in members) > LARGEST_CONTAINER:
        raise ScanError("volume_too_large", f"The archive unpacks to more than {LARGEST_CONTAINER // MEGA} MB.")
    files: Files = []
    for info in members:
        try:
            with archive.open(info) as file:
                content = file.read(info.file_size + 1)
        except Exception as error:  # zipfile, zlib, lzma and bz2 raise their own
            raise damaged() from error
        if len(content) != info.file_size:
            raise damaged()
        if is_zip(content):
            raise ScanError("unsafe", "There is an archive in the archive; unpack it first.")
        files.append((info.filename, content))
    return files


def _members(data: bytes) -> tuple[zipfile.ZipFile, list[zipfile.ZipInfo]]:
    if data.count(b"PK\1\2") > 10 * LARGEST_SLICES:  # zipfile would list them all
        raise ScanError("volume_too_large", f"The archive has too many files; up to {LARGEST_SLICES} are read.")
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except Exception as error:
        raise damaged() from error
    return archive, [i for i in archive.infolist() if not i.filename.endswith("/") and not JUNK.search(i.filename)]


def natural(name: str) -> list[tuple[int, int, str]]:
    """Sort key by which B2 comes before B10."""
    parts = re.split(r"(\d+)", name.lower())
    return [(1, int(p[:18]), "") if p.isdigit() and p.isascii() else (0, 0, p) for p in parts]


def pack(files: Sequence[tuple[str, bytes]]) -> bytes:
    """Several files as one ZIP: what the store keeps of files that were dropped together. `octcore.readers.read` reads
    it as it reads them; the same files in any order give the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted(files, key=lambda file: (natural(file[0]), file[0])):
            archive.writestr(zipfile.ZipInfo(name), content)
    return out.getvalue()
