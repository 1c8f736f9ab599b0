"""The scan: what every reader returns and every model reads."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, NamedTuple, Required, TypedDict, Unpack

import cv2
import numpy as np
from numpy.typing import NDArray

Modality = Literal["oct", "fundus", "unknown"]
Laterality = Literal["OD", "OS"]
Pattern = Literal["line", "circle", "volume", "radial", "unknown"]


class ScanError(ValueError):
    """A file that cannot become a scan.

    ``code`` is stable and names a string in the interface's table (``error.<code>``): not_an_image, truncated,
    too_large, volume_too_large, too_small, empty, unsupported, unsafe, encrypted, missing_files, several_scans,
    no_scan. ``str(error)`` is one English sentence for the command line.
    """

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class Spacing(NamedTuple):
    """Millimetres from one pixel to the next; None where the file does not say (never a guess without a warning)."""

    slice: float | None = None
    """From one B-scan to the next. None for one B-scan, a circle or a star."""
    axial: float | None = None
    """From row to row: depth."""
    lateral: float | None = None
    """From column to column."""


UNKNOWN_SPACING = Spacing()


class Known(TypedDict, total=False):
    """What a file says of a scan beside its pixels: fields of `Scan`."""

    sha256: Required[str]
    format: Required[str]
    spacing_mm: Spacing
    laterality: Laterality | None
    synthetic: bool
    en_face: NDArray[np.uint8] | None
    pattern: Pattern
    device: str | None
    acquired: date | None
    series: int
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Scan:
    """One picture, or one volume of B-scans, of one retina. Nothing in it says whose.

    ``pixels``: uint8, (H, W) grey or (H, W, 3) RGB, each in [0, 255]; of a volume the middle B-scan, first row
    uppermost (vitreous). ``volume``: uint8 (slices, H, W), or None where there is one picture.
    ``no_data``: bool of the volume's shape (of the picture's where there is no volume), True where nothing was scanned
    (those pixels are 0), or None where the file does not say. ``en_face``: uint8 (h, w) or (h, w, 3), the camera's
    picture beside the B-scans. ``sha256``: hex digest of the file's bytes. ``series``: how many volumes the file holds
    (`octcore.readers.read` takes ``which``). ``warnings``: keys of the interface's strings (``warning.<key>``).
    """

    pixels: NDArray[np.uint8]
    modality: Modality
    sha256: str
    format: str
    spacing_mm: Spacing = UNKNOWN_SPACING
    laterality: Laterality | None = None
    synthetic: bool = False
    volume: NDArray[np.uint8] | None = None
    no_data: NDArray[np.bool_] | None = None
    en_face: NDArray[np.uint8] | None = None
    pattern: Pattern = "unknown"
    device: str | None = None
    acquired: date | None = None
    series: int = 1
    warnings: tuple[str, ...] = ()

    @classmethod
    def of_slices(cls, volume: NDArray[np.uint8], no_data: NDArray[np.bool_] | None = None, **known: Unpack[Known]) -> Scan:
        """B-scans as a scan; one alone is a picture, not a volume. ``volume``: uint8 (slices, H, W); ``no_data``: bool of
        its shape, or None."""
        if len(volume) == 1:
            return cls(pixels=volume[0], modality="oct", no_data=None if no_data is None else no_data[0], **known)
        return cls(pixels=volume[len(volume) // 2], modality="oct", volume=volume, no_data=no_data, **known)

    @property
    def grey(self) -> NDArray[np.uint8]:
        """The picture as uint8 (H, W)."""
        if self.pixels.ndim == 2:
            return self.pixels
        return np.asarray(cv2.cvtColor(np.ascontiguousarray(self.pixels), cv2.COLOR_RGB2GRAY), dtype=np.uint8)

    @property
    def slices(self) -> int:
        """How many B-scans there are; 1 for a picture."""
        return 1 if self.volume is None else int(self.volume.shape[0])

    def at(self, index: int) -> Scan:
        """The B-scan ``index`` (from 0) alone, as a scan without a volume. Raises IndexError."""
        if not 0 <= index < self.slices:
            raise IndexError(index)
        if self.volume is None:
            return self
        no_data = None if self.no_data is None else self.no_data[index]
        return replace(self, pixels=self.volume[index], volume=None, no_data=no_data)
