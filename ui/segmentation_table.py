"""Measurements as people read them: a name in their language, the number with its unit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from octcore.measure import SMALLEST_POOL_PX, layer_key
from octcore.segment import lesions_in
from octcore.taxonomy import LAYERS, LESIONS
from ui.words import t

Values = Mapping[str, float]
_SPACE = "\u00a0"
"""Between a number and its unit: a narrow column does not part them."""


def measurement_rows(*columns: Values) -> dict[str, list[str]]:
    """Name to a text a column, of what `octcore.measure.measure` found in each mask of one scan: in mm² and µm where the
    pixel's size is known, else in pixels. A lesion that is in none of the masks has no row; fluid always has."""

    def somewhere(key: str) -> bool:
        return any(values.get(key) for values in columns)

    rows = {t("measure.fluid_area"): [area(v, "fluid_area") for v in columns]}
    for name in LESIONS:
        key = f"{name.lower()}_area"
        if somewhere(f"{key}_px"):
            rows[t("measure.area", name=t(f"lesion.{name}"))] = [area(v, key) for v in columns]
    if somewhere("fluid_area_px"):
        rows[t("measure.pools", smallest=SMALLEST_POOL_PX)] = [f"{v['fluid_pools']:.0f}" for v in columns]
        rows[t("measure.largest")] = [area(v, "fluid_largest_pool") for v in columns]
        rows[t("measure.mean_pool")] = [area(v, "fluid_mean_pool") for v in columns]
        if somewhere("fluid_share_of_retina"):
            rows[t("measure.share")] = [f"{v['fluid_share_of_retina']:.1%}" for v in columns]
    if somewhere("drusen_area_px"):
        rows[t("measure.drusen_height")] = [_length(v, "drusen_height_max") for v in columns]
    for key in ("retina_thickness_mean", "central_1mm_thickness_mean", "central_sixth_thickness_mean"):
        if somewhere(f"{key}_px"):
            rows[t(f"measure.{key}")] = [_length(v, key) for v in columns]
    for name in LAYERS:
        key = f"{layer_key(name)}_thickness_mean"
        if somewhere(f"{key}_px"):
            rows[t("measure.layer", name=name)] = [_with_centre(v, name, key) for v in columns]
    return rows


def _with_centre(values: Values, layer: str, key: str) -> str:
    """A layer's mean, and in parentheses its centre's where that is known."""
    for where in ("central_1mm", "central_sixth"):
        centre = f"{where}_{layer_key(layer)}_thickness_mean"
        if f"{centre}_px" in values:
            return f"{_length(values, key)} ({_length(values, centre)})"
    return _length(values, key)


def lesion_names(lesions: NDArray[np.uint8]) -> str:
    """The lesions that a label map names, in words."""
    return ", ".join(t(f"lesion.{name}") for name in lesions_in(lesions)) or t("seg.nothing_found")


def area(values: Values, stem: str) -> str:
    """One area in the best unit known."""
    if f"{stem}_mm2" in values:
        return f"{values[f'{stem}_mm2']:.4f}{_SPACE}mm²"
    return f"{values[f'{stem}_px']:,.0f}{_SPACE}px"


def _length(values: Values, stem: str) -> str:
    if f"{stem}_um" in values:
        return f"{values[f'{stem}_um']:.0f}{_SPACE}µm"
    return f"{values[f'{stem}_px']:.1f}{_SPACE}px"
