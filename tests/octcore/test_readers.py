"""A file reads as the picture it holds, or is refused with one of our errors, quickly; nothing else may happen."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from octcore.phantom import KINDS, bscan, png_bytes
from octcore.readers import read
from octcore.scan import ScanError
from train.data import training_rows

CODES = {"not_an_image", "truncated", "too_large", "too_small", "empty", "unsupported", "volume_too_large"}
LOSSLESS = ("PNG", "TIFF", "BMP", "WEBP")


def encoded(pixels: np.ndarray, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    if kind == "WEBP":
        options["lossless"] = True
    Image.fromarray(pixels).save(out, kind, **options)
    return out.getvalue()


@settings(max_examples=60, deadline=None)
@given(st.integers(64, 200), st.integers(64, 200), st.sampled_from(LOSSLESS), st.integers(0, 2**32 - 1))
def test_a_lossless_grey_file_reads_back_exactly(height: int, width: int, kind: str, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)
    scan = read(encoded(pixels, kind))
    assert scan.format == kind and scan.modality == "oct"
    assert np.array_equal(scan.grey, pixels)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_every_colour_model_and_depth_keeps_the_picture(mode: str) -> None:
    truth = bscan("DME", height=200, width=300, seed=3).pixels
    if mode == "I;16":
        picture = Image.fromarray(truth.astype(np.uint16) * 257)
    else:
        picture = Image.fromarray(truth).convert(mode)
    out = io.BytesIO()
    picture.save(out, "TIFF" if mode == "CMYK" else "PNG")
    grey = read(out.getvalue()).grey
    assert grey.shape == truth.shape and grey.dtype == np.uint8
    if mode == "1":
        assert np.array_equal(grey, np.asarray(picture.convert("L")))
    else:
        assert np.corrcoef(grey.ravel(), truth.ravel())[0, 1] > 0.97


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_exif_orientation_is_applied(orientation: int) -> None:
    truth = bscan("MH", height=160, width=240, seed=1).pixels
    undo = {
        1: truth, 2: truth[:, ::-1], 3: truth[::-1, ::-1], 4: truth[::-1], 5: truth.T,
        6: np.rot90(truth), 7: truth[::-1, ::-1].T, 8: np.rot90(truth, 3),
    }[orientation]  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert np.array_equal(read(encoded(np.ascontiguousarray(undo), "PNG", exif=exif)).grey, truth)


def test_a_tiff_of_several_pages_is_a_volume_and_its_middle_the_picture() -> None:
    pages = [Image.fromarray(bscan(kind, height=100, width=120).pixels) for kind in KINDS]
    out = io.BytesIO()
    pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:])
    scan = read(out.getvalue())
    assert scan.volume is not None and np.array_equal(scan.volume, np.stack([np.asarray(page) for page in pages]))
    assert np.array_equal(scan.grey, np.asarray(pages[2])) and scan.slices == 5
    assert np.array_equal(scan.at(4).grey, np.asarray(pages[4])) and scan.at(4).volume is None


def test_of_pages_that_differ_in_size_the_first_is_read() -> None:
    pages = [Image.fromarray(bscan("DME", height=height, width=120).pixels) for height in (100, 80)]
    out = io.BytesIO()
    pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:])
    scan = read(out.getvalue())
    assert np.array_equal(scan.grey, np.asarray(pages[0])) and scan.volume is None and scan.warnings == ("only_first_page",)


def test_a_photograph_in_colour_is_no_b_scan() -> None:
    colour = np.zeros((120, 120, 3), np.uint8)
    colour[..., 0] = 200
    assert read(encoded(colour, "PNG")).modality == "fundus"


def test_a_phantom_stays_synthetic_when_it_is_dropped() -> None:
    assert read(png_bytes("DME")).synthetic
    assert not read(encoded(bscan("DME").pixels, "PNG")).synthetic


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"these are words, not pixels", "not_an_image"),
        (png_bytes("NORMAL")[:20_000], "truncated"),
        (png_header(10_000, 10_000), "too_large"),
        (png_header(2**31 - 1, 2**31 - 1), "too_large"),
        (encoded(np.zeros((20, 500), np.uint8), "PNG"), "too_small"),
        (b"\0" * (64 * 1024 * 1024 + 1), "too_large"),
    ],
)
def test_bad_files_are_named_by_what_is_wrong(data: bytes, code: str) -> None:
    with pytest.raises(ScanError) as caught:
        read(data, "scan.png")
    assert caught.value.code == code
    assert str(caught.value).endswith(".")


GOOD = [encoded(bscan("CNV", height=96, width=128).pixels, kind) for kind in ("PNG", "TIFF", "BMP", "WEBP", "JPEG")]


@settings(max_examples=400, deadline=5000, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(GOOD), st.floats(0, 1), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=12))
def test_cut_and_flipped_files_raise_nothing_but_our_error(good: bytes, keep: float, flips: list[tuple[float, int]]) -> None:
    data = bytearray(good[: max(1, int(len(good) * keep))])
    for place, value in flips:
        data[min(len(data) - 1, int(place * len(data)))] = value
    try:
        scan = read(bytes(data))
    except ScanError as error:
        assert error.code in CODES
    else:
        assert scan.pixels.dtype == np.uint8


@settings(max_examples=200, deadline=5000)
@given(
    st.binary(min_size=1, max_size=400),
    st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"BM", b"RIFF"]),
)
def test_random_bytes_raise_nothing_but_our_error(tail: bytes, magic: bytes) -> None:
    with pytest.raises(ScanError):
        read(magic + tail)


def test_a_dark_or_hazy_photograph_is_still_one_in_colour(shared_fundus: Path) -> None:
    """Serving must read the colours that training read; the darkest of the shared photographs were taken for grey."""
    files = [row.file for row in training_rows("fundus")][::9]
    grey = [file for file in files if read(file.read_bytes(), file.name).modality != "fundus"]
    assert len(grey) <= 0.003 * len(files), grey


@given(st.integers(0, 50), st.integers(30, 95))
@settings(max_examples=25, deadline=None)
def test_a_b_scan_saved_as_a_colour_jpeg_stays_a_b_scan(seed: int, quality: int) -> None:
    drawn = np.repeat(bscan("DME", seed=seed).pixels[..., None], 3, axis=2)
    cv2.line(drawn, (30, 40), (140, 40), (0, 255, 0), 2)  # a caliper
    out = io.BytesIO()
    Image.fromarray(drawn).save(out, "JPEG", quality=quality)
    assert read(out.getvalue(), "scan.jpg").modality == "oct"
