"""Cut, changed and random files of every format: a scan or our one error, within seconds and without much memory.

OCTCORE_FUZZ=10000 sets how many cases each format gets; the normal run takes a few hundred of them, always the same.
"""

from __future__ import annotations

import io
import os
import resource
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from octcore.readers import pack, read
from octcore.scan import Scan, ScanError
from tests.octcore import vendor_files as make

CASES = int(os.environ.get("OCTCORE_FUZZ", "400"))
KEEP = os.environ.get("OCTCORE_FUZZ_KEEP")
"""A folder for files that fail."""
SECONDS = 5.0
MEGABYTES = 900
CODES = {
    "not_an_image", "truncated", "too_large", "volume_too_large", "too_small", "empty", "unsupported", "unsafe", "encrypted",
    "missing_files", "several_scans", "no_scan",
}  # fmt: skip
GREY = make.speckle(2, 64, 72)


def _npz() -> bytes:
    out = io.BytesIO()
    np.savez_compressed(out, volume=GREY, spacing_mm=(0.1, 0.004, 0.01), laterality="OS")
    return out.getvalue()


def _npy() -> bytes:
    out = io.BytesIO()
    np.save(out, GREY.astype(np.float32))
    return out.getvalue()


def _pages() -> bytes:
    out = io.BytesIO()
    pages = [Image.fromarray(one) for one in GREY]
    pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:], compression="tiff_lzw")
    return out.getvalue()


def _picture(kind: str) -> bytes:
    out = io.BytesIO()
    Image.fromarray(GREY[0]).save(out, kind)
    return out.getvalue()


def _jpeg_ls() -> bytes:
    """pydicom's own sample, called an eye."""
    import pydicom

    slide = pydicom.dcmread(Path(pydicom.__file__).parent / "data/test_files/MR_small_jpeg_ls_lossless.dcm")
    slide.Modality = "OPT"
    out = io.BytesIO()
    slide.save_as(out)
    return out.getvalue()


FORMATS: dict[str, tuple[Callable[[], bytes], str]] = {
    "vol": (lambda: make.vol(GREY), "a.vol"),
    "xml": (lambda: pack(make.xml_export(GREY)), "a.zip"),
    "xml alone": (lambda: make.xml_export(GREY)[0][1], "a.xml"),
    "e2e": (lambda: make.e2e([(GREY, "R"), (GREY, "L")]), "a.e2e"),
    "fda": (lambda: make.fda(GREY), "a.fda"),
    "fds": (lambda: make.fds(GREY), "a.fds"),
    "img": (lambda: make.cirrus(GREY), "P1_Macular Cube 72x2_1-2-2019_OD_cube_z.img"),
    "bioptigen": (lambda: make.bioptigen(GREY), "a.OCT"),
    "optovue": (lambda: pack(make.optovue([GREY])), "a.zip"),
    "dicom": (lambda: make.dicom(GREY), "a.dcm"),
    "dicom deflated": (lambda: make.dicom(GREY, syntax="1.2.840.10008.1.2.1.99"), "a.dcm"),
    "dicom rle": (lambda: make.dicom(GREY, syntax="1.2.840.10008.1.2.5"), "a.dcm"),
    "dicom jpeg": (lambda: make.dicom(GREY, syntax="1.2.840.10008.1.2.4.50"), "a.dcm"),
    "dicom jpeg lossless": (lambda: make.dicom(GREY, syntax="1.2.840.10008.1.2.4.70"), "a.dcm"),
    "dicom jpeg 2000": (lambda: make.dicom(GREY, syntax="1.2.840.10008.1.2.4.90"), "a.dcm"),
    "dicom scrambled": (lambda: make.zeiss_dicom(GREY), "a.dcm"),
    "dicom jpeg-ls": (_jpeg_ls, "a.dcm"),
    "npz": (_npz, "a.npz"),
    "npy": (_npy, "a.npy"),
    "nifti": (lambda: make.nifti(GREY.transpose(2, 1, 0), (0.01, 0.004, 0.1)), "a.nii"),
    "nifti packed": (lambda: make.nifti(GREY.transpose(2, 1, 0), (0.01, 0.004, 0.1), packed=True), "a.nii.gz"),
    "tiff pages": (_pages, "a.tif"),
    "zip of images": (lambda: pack([(f"{k}.png", _picture("PNG")) for k in range(2)]), "a.zip"),
    "png": (lambda: _picture("PNG"), "a.png"),
    "jpeg": (lambda: _picture("JPEG"), "a.jpg"),
    "webp": (lambda: _picture("WEBP"), "a.webp"),
    "bmp": (lambda: _picture("BMP"), "a.bmp"),
}
EXTREMES = (0, 1, 0x7F, 0xFF, 0xFFFF, 0x7FFF, 0x7FFFFFFF, 0xFFFFFFFF, 0x80000000, 0x10000, 40_000, 1_000_000)


def changed(good: bytes, rng: np.random.Generator) -> bytes:
    """One damaged copy: cut, bytes flipped (often in the header), numbers made extreme, parts moved, or noise."""
    data = bytearray(good)
    way = rng.integers(0, 7)
    head = min(len(data), 4096)
    if way == 0:
        return bytes(data[: rng.integers(1, len(data))])
    if way == 1:
        return bytes(data[: rng.integers(4, 200)]) + rng.bytes(int(rng.integers(1, 3000)))
    for _ in range(int(rng.integers(1, 10))):
        at = int(rng.integers(0, head if rng.random() < 0.7 else len(data)))
        if way == 2:
            data[at] = int(rng.integers(0, 256))
        elif way == 3:
            data[at] ^= 1 << int(rng.integers(0, 8))
        elif way in (4, 5):
            size = int(rng.choice([1, 2, 4, 4, 8]))
            value = int(rng.choice(np.array(EXTREMES))) & (256**size - 1)
            data[at : at + size] = value.to_bytes(size, "little" if rng.random() < 0.8 else "big")
        else:
            length = int(rng.integers(1, 64))
            data[at : at + length] = b"" if rng.random() < 0.5 else rng.bytes(length)
    return bytes(data) or b"\0"


def outcome(data: bytes, name: str) -> Scan | ScanError:
    """What becomes of it; anything but a scan or our error fails the test that called."""
    started = time.perf_counter()
    try:
        found: Scan | ScanError = read(data, name)
    except ScanError as error:
        assert error.code in CODES and str(error).endswith(".")
        found = error
    assert time.perf_counter() - started < SECONDS
    return found


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", FORMATS)
def test_damaged_files_give_a_scan_or_our_error(kind: str) -> None:
    build, name = FORMATS[kind]
    good = build()
    assert isinstance(outcome(good, name), Scan) or kind == "xml alone"
    rng = np.random.default_rng(zlib.crc32(kind.encode()))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for case in range(CASES):
        data = changed(good, rng)
        try:
            found = outcome(data, name)
        except Exception:
            if KEEP:
                (Path(KEEP) / f"{kind}-{case}").write_bytes(data)
            raise
        if isinstance(found, Scan):
            assert found.pixels.dtype == np.uint8 and found.pixels.ndim in (2, 3)
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < MEGABYTES


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["a.img", "a.oct", "a.dcm", "a.vol", "a.e2e", "a.nii.gz", "a.zip", "a"])
def test_noise_is_refused(name: str) -> None:
    rng = np.random.default_rng(1)
    for _ in range(CASES // 5):
        assert isinstance(outcome(rng.bytes(int(rng.integers(1, 5000))), name), ScanError)
