"""The ETDRS grid: circles of 1, 3 and 6 mm around the fovea, the two rings parted by the diagonals. Nine subfields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from octcore.fovea import Fovea
from octcore.scan import Laterality

Vertical = Literal["superior", "inferior"]

RADII_MM = (0.5, 1.5, 3.0)
RINGS = ("inner", "outer")
COVERED = 0.7
"""Share of a subfield that must be known: a common scan of 5.8 mm cuts the outer ring's rim. Below it there is no mean."""
_FINE_MM = 0.05
"""Between slices the thickness is interpolated to about this distance: a few slices would draw a circle as a staircase."""


@dataclass(frozen=True)
class Subfield:
    """``mean``: in the map's own unit; ``ring``: 0 the centre, 1 inner, 2 outer; ``area_mm2``: of the whole subfield."""

    mean: float
    ring: int
    area_mm2: float


def quadrants(laterality: Laterality | None, first: Vertical | None) -> tuple[str, str, str, str]:
    """The four directions' names: to the right in a slice, to later slices, to the left, to earlier slices.

    Right is nasal in a right eye. Of an eye whose side, or a volume whose direction, is unknown they are called by the
    picture: right, left, first, last.
    """
    right, left = {"OD": ("nasal", "temporal"), "OS": ("temporal", "nasal"), None: ("right", "left")}[laterality]
    early, late = {"superior": ("superior", "inferior"), "inferior": ("inferior", "superior"), None: ("first", "last")}[first]
    return right, late, left, early


def etdrs(
    thickness: NDArray[np.float32],
    slice_mm: float,
    lateral_mm: float,
    fovea: Fovea,
    laterality: Laterality | None = None,
    first: Vertical | None = None,
) -> dict[str, Subfield]:
    """The subfields of a map, float32 (S, W) with NaN where unknown: ``central``, ``inner_nasal``, ``outer_superior`` ...

    ``first``: where the first slice lies. A subfield of which less than `COVERED` is known is not there.
    """
    values, places = _between_slices(thickness, slice_mm)
    down = ((places - fovea.slice) * slice_mm)[:, None]
    across = ((np.arange(thickness.shape[1]) + 0.5 - fovea.column) * lateral_mm)[None]
    distance = np.hypot(down, across)
    quadrant = np.round(np.arctan2(down, across) / (np.pi / 2)).astype(int) % 4
    cell = slice_mm * lateral_mm * len(thickness) / len(places)
    known = np.isfinite(values)
    out: dict[str, Subfield] = {}

    def add(name: str, inside: NDArray[np.bool_], ring: int, area: float) -> None:
        here = values[inside & known]
        if len(here) * cell >= COVERED * area:
            out[name] = Subfield(float(here.mean(dtype=np.float64)), ring, area)

    add("central", distance <= RADII_MM[0], 0, float(np.pi * RADII_MM[0] ** 2))
    for ring, (name, inner, outer) in enumerate(zip(RINGS, RADII_MM[:-1], RADII_MM[1:], strict=True), start=1):
        for k, direction in enumerate(quadrants(laterality, first)):
            inside = (distance > inner) & (distance <= outer) & (quadrant == k)
            add(f"{name}_{direction}", inside, ring, float(np.pi * (outer**2 - inner**2) / 4))
    return out


def _between_slices(thickness: NDArray[np.float32], slice_mm: float) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """The map with more rows, and where they lie among the slices; each slice reaches half a distance to either side."""
    count = len(thickness)
    steps = max(1, int(np.ceil(slice_mm / _FINE_MM)))
    places = (np.arange(count * steps) + 0.5) / steps - 0.5
    low = np.clip(np.floor(places).astype(int), 0, count - 1)
    high = np.minimum(low + 1, count - 1)
    share = np.clip(places - low, 0, 1).astype(np.float32)[:, None]
    mixed = thickness[low] * (1 - share) + thickness[high] * share
    nearest = np.where(share < 0.5, thickness[low], thickness[high])  # beside a slice that is not known
    return np.asarray(np.where(np.isfinite(mixed), mixed, nearest), np.float32), places
