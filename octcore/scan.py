"""The scan: what every reader returns and every model reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Modality = Literal["oct", "fundus", "unknown"]
Laterality = Literal["OD", "OS"]


class ScanError(ValueError):
    """A file that cannot become a scan.

    ``code`` is stable and names a string in the interface's table (``error.<code>``): not_an_image, truncated,
    too_large, too_small, empty, unsupported. ``str(error)`` is one English sentence for the command line.
    """

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True)
class Scan:
    """One picture of one retina.

    ``pixels``: uint8, (H, W) grey or (H, W, 3) RGB, each in [0, 255]. ``sha256``: hex digest of the file's bytes.
    ``spacing_mm``: (axial, lateral) millimetres a pixel, or None where the file does not say.
    """

    pixels: NDArray[np.uint8]
    modality: Modality
    sha256: str
    format: str
    spacing_mm: tuple[float, float] | None = None
    laterality: Laterality | None = None
    synthetic: bool = False

    @property
    def grey(self) -> NDArray[np.uint8]:
        """The picture as uint8 (H, W)."""
        if self.pixels.ndim == 2:
            return self.pixels
        return np.asarray(cv2.cvtColor(np.ascontiguousarray(self.pixels), cv2.COLOR_RGB2GRAY), dtype=np.uint8)
