"""Where the fovea is in a map of the retina's thickness: a pit near the scan's centre, or, in doubt, the centre."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

SEARCH_MM = 1.0
"""How far from the scan's centre the pit is looked for: patients fixate within it."""
RING_MM = (0.8, 1.4)
"""The pit's rim lies about a millimetre from its floor."""
RISE_UM = 20.0
"""By so much, in each of four directions, the rim stands above the floor; a slope or a flat retina is no pit."""
_SMOOTH_MM = 0.1


@dataclass(frozen=True)
class Fovea:
    """A place on the retina. ``slice``: from 0, slices at whole numbers; ``column``: from 0, a column's middle at + 0.5.
    ``found``: ``thinnest`` for a pit's floor, ``centre`` for the scan's centre."""

    slice: float
    column: float
    found: Literal["thinnest", "centre"]

    @classmethod
    def middle(cls, thickness: NDArray[np.float32]) -> Fovea:
        """The centre of a map (S, W)."""
        return cls((thickness.shape[0] - 1) / 2, thickness.shape[1] / 2, "centre")


def find_fovea(thickness: NDArray[np.float32], slice_mm: float | None, lateral_mm: float | None) -> Fovea:
    """The floor of the pit in a map of thickness in um, float32 (S, W), NaN where unknown; the map's centre where there is
    no plain pit within `SEARCH_MM` of it, or the distances are unknown."""
    middle = Fovea.middle(thickness)
    if not slice_mm or not lateral_mm or not np.isfinite(thickness).any():
        return middle
    down = (np.arange(thickness.shape[0]) * slice_mm)[:, None]
    across = ((np.arange(thickness.shape[1]) + 0.5) * lateral_mm)[None]
    smooth = _smoothed(thickness, _SMOOTH_MM / slice_mm, _SMOOTH_MM / lateral_mm)
    near = np.hypot(down - middle.slice * slice_mm, across - middle.column * lateral_mm) <= SEARCH_MM
    candidates = np.where(near & np.isfinite(smooth), smooth, np.inf)
    if not np.isfinite(candidates).any():
        return middle
    row, column = (int(k) for k in np.unravel_index(candidates.argmin(), candidates.shape))
    y, x = down - down[row], across - across[0, column]
    distance, angle = np.hypot(y, x), np.arctan2(y, x)
    quadrant = np.round(angle / (np.pi / 2)).astype(int) % 4
    rim = (distance >= RING_MM[0]) & (distance <= RING_MM[1]) & np.isfinite(smooth)
    for k in range(4):
        there = smooth[rim & (quadrant == k)]
        if not len(there) or float(there.mean()) < float(smooth[row, column]) + RISE_UM:
            return middle
    return Fovea(float(row), column + 0.5, "thinnest")


def _smoothed(values: NDArray[np.float32], *sigma: float) -> NDArray[np.float64]:
    """Gaussian mean over the known values, NaN where those are too few."""
    known = np.isfinite(values)
    total = gaussian_filter(np.where(known, values, 0).astype(np.float64), sigma)
    weight = gaussian_filter(known.astype(np.float64), sigma)
    return np.where(known & (weight > 0.5), total / np.maximum(weight, 1e-9), np.nan)
