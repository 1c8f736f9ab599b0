"""Where B-scans lie on the retina: parallel lines, a star, or a single one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from octcore.readers.binary import millimetres
from octcore.scan import Pattern


class Line(NamedTuple):
    """A B-scan's first and last A-scan on the en-face picture, in millimetres (or degrees)."""

    start_x: float
    start_y: float
    end_x: float
    end_y: float


def layout_of(lines: Sequence[Line], millimetres_a_unit: float = 1.0) -> tuple[Pattern, float | None]:
    """The pattern that the B-scans' lines make, and the distance between parallel neighbours in millimetres.

    ``millimetres_a_unit``: for coordinates in degrees. The distance is measured across the lines (scans may be
    rotated), as the mean without outliers, so that one missing B-scan does not stretch it; None where they are not parallel.
    """
    if len(lines) < 2:
        return ("line" if lines else "unknown"), None
    points = np.asarray(lines, np.float64).reshape(-1, 2, 2)
    if not np.isfinite(points).all() or np.abs(points).max() > 1e6:
        return "unknown", None
    along = points[:, 1] - points[:, 0]
    length = np.linalg.norm(along, axis=1)
    if (length < 1e-6).any():
        return "unknown", None
    direction = along / length[:, None]
    turned = np.abs(direction[:, 0] * direction[0, 1] - direction[:, 1] * direction[0, 0])
    middle = points.mean(axis=1)
    if turned.max() > 0.1:
        near = np.linalg.norm(middle - middle.mean(axis=0), axis=1).max() < 0.2 * length.mean()
        return ("radial" if near else "unknown"), None
    steps = np.diff(middle, axis=0)
    across = np.abs(steps[:, 0] * direction[0, 1] - steps[:, 1] * direction[0, 0])
    usual = across[np.abs(across - np.median(across)) <= 0.25 * np.median(across)]
    return "volume", millimetres(float(usual.mean()) * millimetres_a_unit)
