"""Files that claim or unpack to far more than they hold are refused before they are unpacked, in little time and memory."""

from __future__ import annotations

import gzip
import io
import resource
import struct
import time
import zipfile
import zlib

import numpy as np
import pytest

from octcore.readers import pack, read
from octcore.scan import ScanError
from tests.octcore import vendor_files as make

GREY = make.speckle(2, 64, 72)


def zipped(files: list[tuple[str, bytes]]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return out.getvalue()


def overlapping() -> bytes:
    """A ZIP whose directory names one file a thousand times."""
    data = bytearray(zipped([("a.bin", bytes(900_000))]))
    end = data.index(b"PK\x05\x06")
    start = data.index(b"PK\x01\x02")
    entry = bytes(data[start:end])
    many = bytes(data[:start]) + entry * 1000
    return many + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 1000, 1000, len(entry) * 1000, start, 0)


def locked() -> bytes:
    entry = b"PK\1\2\x14\x03\x14\0"
    return zipped([("a.png", b"x" * 99)]).replace(entry + b"\0\0", entry + b"\1\0")


def npz(shape: tuple[int, ...], dtype: str = "|u1", body: bytes = b"") -> bytes:
    header = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117).encode() + b"\n"
    return zipped([("volume.npy", b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header + body)])


def pickled() -> bytes:
    out = io.BytesIO()
    np.savez(out, volume=np.array([{"a": 1}], dtype=object))
    return out.getvalue()


def huge_nifti() -> bytes:
    head = bytearray(make.nifti(GREY.transpose(2, 1, 0), (0.01, 0.004, 0.1))[:352])
    struct.pack_into("<8h", head, 40, 3, 30000, 30000, 2000, 1, 1, 1, 1)
    return gzip.compress(bytes(head) + bytes(10**7))


def laughs() -> bytes:
    lines = ['<!ENTITY a0 "ha">'] + [f'<!ENTITY a{k} "{f"&a{k - 1};" * 10}">' for k in range(1, 12)]
    return f"<?xml version='1.0'?><!DOCTYPE HEDX [{''.join(lines)}]><HEDX>&a11;</HEDX>".encode()


def tiff_header(width: int, height: int) -> bytes:
    entries = [
        (256, 4, width),
        (257, 4, height),
        (258, 3, 8),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, 200),
        (278, 4, height),
        (279, 4, 9),
    ]
    body = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + body + bytes(300)


def dicom_claiming(**elements: object) -> bytes:
    return make.dicom(GREY, **elements)


def grown_jpeg_2000() -> bytes:
    data = make.dicom(GREY, syntax="1.2.840.10008.1.2.4.90")
    return data.replace(b"\xff\x4f\xff\x51", b"\xff\x4f\xff\x51", 1).replace(
        struct.pack(">II", 72, 64), struct.pack(">II", 60000, 60000)
    )


def grown_lossless_jpeg() -> bytes:
    data = make.dicom(GREY, syntax="1.2.840.10008.1.2.4.70")
    return data.replace(struct.pack(">HH", 64, 72), struct.pack(">HH", 65000, 65000))


def deflated_bomb() -> bytes:
    data = make.dicom(GREY, syntax="1.2.840.10008.1.2.1.99")
    length = int.from_bytes(data[140:144], "little")
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return data[: 144 + length] + packer.compress(bytes(300_000_000)) + packer.flush()


def sized_vol() -> bytes:
    data = bytearray(make.vol(GREY))
    struct.pack_into("<III", data, 12, 30000, 30000, 30000)
    return bytes(data)


def sized_e2e() -> bytes:
    data = make.e2e([(GREY, "R")])
    return data.replace(struct.pack("<II", 64, 72), struct.pack("<II", 10000, 10000))


def sized_fds() -> bytes:
    return make.fds(GREY).replace(struct.pack("<II", 72, 64), struct.pack("<II", 32000, 32000))


def sized_bioptigen() -> bytes:
    return make.bioptigen(GREY).replace(b"FRAMECOUNT\4\0\0\0\2", b"FRAMECOUNT\4\0\0\0\xff")


def endless_e2e() -> bytes:
    """A directory that claims to be its own predecessor and to have every entry there is."""
    data = bytearray(make.e2e([(GREY, "R")]))
    struct.pack_into("<4I", data, 88 + 36, 0x7FFFFFFF, 88, 88, 0)
    return bytes(data)


def tiny_elements() -> bytes:
    """DICOM of nothing but empty elements."""
    return _meta() + b"\x09\0\x10\0LO\0\0" * 2_000_000


def nested_sequences() -> bytes:
    """DICOM whose sequences lie in each other forever."""
    opening = b"\x08\0\x40\x11SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\0\xe0\xff\xff\xff\xff"
    return _meta() + opening * 50_000


def _meta() -> bytes:
    data = make.dicom(GREY)
    return data[: 144 + int.from_bytes(data[140:144], "little")]


BOMBS = {
    "zip that unpacks a thousandfold": (lambda: zipped([("a.png", bytes(200_000_000))]), {"unsafe"}),
    "zip in a zip": (lambda: zipped([("a.zip", zipped([("b.png", b"x")]))]), {"unsafe"}),
    "zip in a zip by another name": (lambda: zipped([("a.png", zipped([("b.png", b"x")]))]), {"unsafe"}),
    "zip of many files": (lambda: zipped([(f"{k}", b"") for k in range(5000)]), {"volume_too_large"}),
    "zip whose files overlap": (overlapping, {"volume_too_large", "truncated", "unsafe"}),
    "zip with a password": (locked, {"encrypted"}),
    "zip of nothing": (lambda: zipped([]), {"no_scan"}),
    "zip of words": (lambda: zipped([("a.txt", b"words")]), {"no_scan"}),
    "npz of pickles": (pickled, {"unsafe"}),
    "npz that claims a terabyte": (lambda: npz((1000, 32768, 32768)), {"volume_too_large"}),
    "npz that claims less than nothing": (lambda: npz((-1, 64, 64)), {"truncated"}),
    "npz of nothing": (lambda: npz((0, 64, 64)), {"truncated"}),
    "nifti that claims a terabyte": (huge_nifti, {"volume_too_large"}),
    "gzip of zeros": (lambda: gzip.compress(bytes(100_000_000)), {"unsupported"}),
    "billion laughs": (laughs, {"unsafe"}),
    "png of an absurd size": (lambda: make.png_header(2**31 - 1, 2**31 - 1), {"too_large"}),
    "png of an absurd size in a zip": (lambda: pack([(f"{k}.png", make.png_header(2**31 - 1, 9)) for k in "12"]), {"too_large"}),
    "tiff of an absurd size": (lambda: tiff_header(60000, 60000), {"too_large"}),
    "dicom of an absurd size": (lambda: dicom_claiming(Rows=65535, Columns=65535), {"volume_too_large"}),
    "dicom of too many frames": (lambda: dicom_claiming(NumberOfFrames=2**31 - 1), {"volume_too_large"}),
    "dicom that is shorter than it says": (lambda: dicom_claiming(Rows=1000, Columns=1000), {"truncated"}),
    "dicom of tiny elements": (tiny_elements, {"truncated"}),
    "dicom without depth": (nested_sequences, {"truncated", "no_scan"}),
    "xml without depth": (lambda: b"<HEDX>" + b"<a>" * 290_000, {"truncated"}),
    "xml of tags": (lambda: b"<HEDX>" + b"<a/>" * 2_000_000 + b"</HEDX>", {"too_large"}),
    "topcon of tiny chunks": (lambda: make.fds(GREY)[:15] + b"\1a\0\0\0\0" * 3_000_000, {"no_scan"}),
    "jpeg 2000 larger than its dicom": (grown_jpeg_2000, {"truncated"}),
    "jpeg larger than its dicom": (grown_lossless_jpeg, {"truncated"}),
    "deflated dicom": (deflated_bomb, {"unsafe"}),
    "vol": (sized_vol, {"volume_too_large"}),
    "e2e": (sized_e2e, {"volume_too_large"}),
    "e2e without end": (endless_e2e, {"truncated"}),
    "fds": (sized_fds, {"volume_too_large"}),
    "bioptigen": (sized_bioptigen, {"truncated"}),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", BOMBS)
def test_bombs_are_refused_before_they_go_off(kind: str) -> None:
    build, codes = BOMBS[kind]
    data = build()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    with pytest.raises(ScanError) as caught:
        read(data, "a")
    assert caught.value.code in codes
    assert time.perf_counter() - started < 5
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < 300
