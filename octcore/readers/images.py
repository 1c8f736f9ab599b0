"""JPEG, PNG, TIFF, BMP and WebP, of any bit depth and colour model, to a `Scan`; a TIFF of many pages is a volume."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from octcore.readers.levels import eight_bits, is_coloured
from octcore.readers.limits import LARGEST_SLICES, LARGEST_VOXELS, check_picture, damaged
from octcore.scan import Modality, Scan, ScanError

FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "WEBP")
MOST_TAGS = 100_000
"""Of all pages of a TIFF together."""
SYNTHETIC_MARK = "oct-studio-synthetic"
"""PNG text key that `octcore.phantom` writes, so that a drawn scan stays called synthetic wherever it is dropped."""

Image.MAX_IMAGE_PIXELS = None  # our own check below answers with a sentence, before anything is unpacked


def open_picture(data: bytes, formats: tuple[str, ...] = FORMATS) -> Image.Image:
    """The picture, its header read and its pixels not. Raises `ScanError`: not_an_image, truncated."""
    try:
        return Image.open(io.BytesIO(data), formats=formats)
    except UnidentifiedImageError as error:
        raise ScanError("not_an_image", "This file is no image that can be read (JPEG, PNG, TIFF, BMP, WebP).") from error
    except Exception as error:  # decoders raise whatever they like on a damaged header
        raise damaged() from error


def is_picture(data: bytes) -> bool:
    """Whether the first bytes are a picture's."""
    starts = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"BM")
    return data.startswith(starts) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")


def read_image(data: bytes, sha256: str) -> Scan:
    """Decode a picture. The EXIF orientation is applied, all other EXIF dropped.

    A TIFF whose pages are grey and of one size is a volume, its middle page the picture; of other files with several
    pages the first is read. Raises `ScanError`: not_an_image, truncated, too_large (by the header, before it is
    unpacked), volume_too_large, too_small.
    """
    picture = open_picture(data)
    check_picture(*picture.size)
    kind = picture.format or "image"
    synthetic = SYNTHETIC_MARK in picture.info
    try:
        pages = _pages(picture) if kind == "TIFF" else 1
        if pages > 1:
            volume = _volume(picture, pages)
            if volume is not None:
                return Scan.of_slices(volume, sha256=sha256, format=kind, pattern="volume")
            picture.seek(0)
        pixels, modality = rendered(picture)
    except ScanError:
        raise
    except Exception as error:  # a damaged file makes decoders raise anything: struct.error, SyntaxError, MemoryError
        raise damaged() from error
    warnings = ("only_first_page",) if pages > 1 else ()
    return Scan(pixels=pixels, modality=modality, sha256=sha256, format=kind, synthetic=synthetic, warnings=warnings)


def rendered(picture: Image.Image) -> tuple[NDArray[np.uint8], Modality]:
    """The picture's pixels and what they are: a picture without colour is a B-scan and grey, a mostly coloured one a
    photograph, RGB."""
    pixels = stored(picture)
    grey = to_grey(pixels)
    if grey is None:
        return np.asarray(pixels, np.uint8), "fundus"
    return eight_bits(grey[None])[0], "oct"


def to_grey(pixels: NDArray[Any]) -> NDArray[Any] | None:
    """(H, W) as deep as it was; None for a photograph in colour."""
    if pixels.ndim == 2:
        return pixels
    if is_coloured(pixels):
        return None
    return np.asarray(Image.fromarray(pixels).convert("L"), dtype=np.uint8)


def stored(picture: Image.Image) -> NDArray[Any]:
    """uint8 (H, W) or (H, W, 3), or deeper numbers (H, W), as they are stored. Transparent parts lie on black."""
    picture.load()
    picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith("I;16"):
        return np.asarray(picture).astype(np.uint16)
    if picture.mode in ("I", "F"):
        return np.asarray(picture)
    if picture.mode in ("L", "1"):
        return np.asarray(picture.convert("L"), dtype=np.uint8)
    if picture.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in picture.info:
        rgba = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", rgba.size, (0, 0, 0, 255)), rgba)
    return np.asarray(picture.convert("RGB"), dtype=np.uint8)


def _pages(picture: Image.Image) -> int:
    """Pages, counted no further than a volume may have."""
    pages, tags = 1, 0
    while pages <= LARGEST_SLICES:
        try:
            picture.seek(pages)
        except EOFError:
            break
        pages += 1
        tags += len(getattr(picture, "tag_v2", ()))
        if tags > MOST_TAGS:
            raise damaged()
    picture.seek(0)
    return pages


def _volume(picture: Image.Image, pages: int) -> NDArray[np.uint8] | None:
    """uint8 (pages, H, W), all pages scaled alike; None where pages differ in size or are photographs."""
    sizes = set()
    for page in range(pages):
        picture.seek(page)
        sizes.add(picture.size)
    if len(sizes) > 1:
        return None
    width, height = picture.size
    if pages > LARGEST_SLICES or pages * width * height > LARGEST_VOXELS:
        raise ScanError(
            "volume_too_large", f"The file has {pages} pages of {width} x {height}; up to {LARGEST_VOXELS // 10**6} million."
        )
    volume: NDArray[Any] | None = None
    for page in range(pages):
        picture.seek(page)
        one = to_grey(stored(picture))
        if one is None or (volume is not None and (one.shape, one.dtype) != (volume.shape[1:], volume.dtype)):
            return None
        if volume is None:
            volume = np.empty((pages, *one.shape), one.dtype)
        volume[page] = one
    assert volume is not None
    return eight_bits(volume)
