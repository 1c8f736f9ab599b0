"""What is read at most, and the checks that hold before anything is unpacked."""

from __future__ import annotations

from octcore.scan import ScanError

MEGA = 1024 * 1024
LARGEST_FILE = 64 * MEGA
"""Bytes of a picture; a B-scan has a few hundred thousand."""
LARGEST_CONTAINER = 512 * MEGA
"""Bytes of a volume's file, and of all that an archive unpacks to."""
LARGEST_PIXELS = 40_000_000
"""Of one picture."""
LARGEST_VOXELS = 160_000_000
"""Of one volume. Cirrus' largest macular cube has 67 million."""
LARGEST_SLICES = 2_000
SMALLEST_SIDE = 64
"""Pixels of a picture; less is a thumbnail."""
SMALLEST_BSCAN_SIDE = 32
"""Of a device's own B-scan, which is never a thumbnail; `octcore.preprocess` needs as many."""


def damaged() -> ScanError:
    """The error for a file that is cut or changed."""
    return ScanError("truncated", "The file is damaged or incomplete.")


def check_picture(width: int, height: int) -> None:
    """Raises `ScanError`: too_large or too_small for a picture."""
    if width * height > LARGEST_PIXELS:
        raise ScanError(
            "too_large", f"The image has {width * height / 1e6:.0f} megapixels; up to {LARGEST_PIXELS // 10**6} are read."
        )
    if min(width, height) < SMALLEST_SIDE:
        raise ScanError("too_small", f"The image has {width} x {height} pixels; at least {SMALLEST_SIDE} a side are needed.")


def check_volume(slices: int, height: int, width: int) -> None:
    """Sizes that a header claims, before anything is made of that size.

    Raises `ScanError`: truncated (none at all), too_small, volume_too_large.
    """
    if min(slices, height, width) < 1:
        raise damaged()
    if slices > LARGEST_SLICES or slices * height * width > LARGEST_VOXELS or max(height, width) > 32_768:
        raise ScanError(
            "volume_too_large",
            f"The volume claims {slices} x {height} x {width} pixels; up to {LARGEST_VOXELS // 10**6} million are read.",
        )
    if min(height, width) < SMALLEST_BSCAN_SIDE:
        raise ScanError(
            "too_small", f"The B-scans have {width} x {height} pixels; at least {SMALLEST_BSCAN_SIDE} a side are needed."
        )


def check_which(which: int, count: int) -> None:
    """Raises `ScanError` (no_scan) where a file has no volume of that number."""
    if not 0 <= which < count:
        raise ScanError("no_scan", f"There is no volume {which + 1} in this file; it holds {count}.")
