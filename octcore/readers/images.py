"""JPEG, PNG, TIFF, BMP and WebP, of any bit depth and colour model, to a `Scan`."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from octcore.scan import Modality, Scan, ScanError

LARGEST_PIXELS = 40_000_000
SMALLEST_SIDE = 64
FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "WEBP")
SYNTHETIC_MARK = "oct-studio-synthetic"
"""PNG text key that `octcore.phantom` writes, so that a drawn scan stays called synthetic wherever it is dropped."""

Image.MAX_IMAGE_PIXELS = None  # our own check below answers with a sentence, before anything is unpacked


def read_image(data: bytes, sha256: str) -> Scan:
    """Decode one picture; of several pages the first. The EXIF orientation is applied, all other EXIF dropped.

    Raises `ScanError`: not_an_image, truncated, too_large (by the header, before it is unpacked), too_small.
    """
    try:
        picture: Image.Image = Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError as error:
        raise ScanError("not_an_image", "This file is no image that can be read (JPEG, PNG, TIFF, BMP, WebP).") from error
    except Exception as error:  # decoders raise whatever they like on a damaged header
        raise ScanError("truncated", "The image is damaged or incomplete.") from error
    width, height = picture.size
    if width * height > LARGEST_PIXELS:
        raise ScanError(
            "too_large", f"The image has {width * height / 1e6:.0f} megapixels; up to {LARGEST_PIXELS // 10**6} are read."
        )
    if min(width, height) < SMALLEST_SIDE:
        raise ScanError("too_small", f"The image has {width} x {height} pixels; at least {SMALLEST_SIDE} a side are needed.")
    synthetic = SYNTHETIC_MARK in picture.info
    kind = picture.format or "image"
    try:
        picture.load()
        picture = ImageOps.exif_transpose(picture)
        pixels = _eight_bits(picture)
    except (OSError, ValueError, SyntaxError, EOFError, TypeError, KeyError, IndexError, OverflowError, AttributeError) as error:
        raise ScanError("truncated", "The image is damaged or incomplete.") from error
    except (struct.error, zlib.error, MemoryError, ZeroDivisionError, RuntimeError) as error:
        raise ScanError("truncated", "The image is damaged or incomplete.") from error
    pixels, modality = _modality(pixels)
    return Scan(pixels=pixels, modality=modality, sha256=sha256, format=kind, synthetic=synthetic)


def _eight_bits(picture: Image.Image) -> NDArray[np.uint8]:
    """uint8 (H, W) or (H, W, 3). Transparent parts lie on black; deeper pixels are scaled from their own range."""
    if picture.mode.startswith("I") or picture.mode == "F":
        deep = np.asarray(picture, dtype=np.float32)
        if not np.isfinite(deep).all():
            deep = np.nan_to_num(deep, nan=0.0, posinf=0.0, neginf=0.0)
        low, high = np.percentile(deep, [0.1, 99.9])
        return np.asarray(np.clip((deep - low) * (255.0 / max(float(high - low), 1e-6)), 0, 255), dtype=np.uint8)
    if picture.mode in ("L", "1"):
        return np.asarray(picture.convert("L"), dtype=np.uint8)
    if picture.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in picture.info:
        rgba = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", rgba.size, (0, 0, 0, 255)), rgba)
    return np.asarray(picture.convert("RGB"), dtype=np.uint8)


def _modality(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], Modality]:
    """A picture without colour is a B-scan; a mostly coloured one is a photograph.

    A few coloured marks (a caliper drawn over the scan, JPEG's chroma noise) leave it a B-scan, read as grey.
    """
    if pixels.ndim == 2:
        return pixels, "oct"
    some = pixels[:: max(1, pixels.shape[0] // 256), :: max(1, pixels.shape[1] // 256)].astype(np.int16)
    coloured = (some.max(axis=2) - some.min(axis=2) > 24).mean()
    if coloured > 0.25:
        return pixels, "fundus"
    grey = np.asarray(Image.fromarray(pixels).convert("L"), dtype=np.uint8)
    return grey, "oct"
