"""Measurements: right on shapes whose size is known, and true to their laws on any other."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from octcore.measure import SMALLEST_POOL_PX, layer_key, measure, thickness_along
from octcore.phantom import bscan
from octcore.report import thickness_csv
from octcore.segment import Segmentation
from octcore.taxonomy import LAYERS, LESIONS

IRF, SRF, DRUSEN, SHRM = range(1, 5)


def outlined(lesions: np.ndarray, surfaces: np.ndarray | None = None) -> Segmentation:
    if surfaces is None:
        surfaces = np.full((8, lesions.shape[1]), np.nan, np.float32)
    return Segmentation("m", "1", lesions.astype(np.uint8), surfaces.astype(np.float32), 1.0)


def flat(height: int = 100, width: int = 120) -> Segmentation:
    """Surfaces at rows 10, 20 ... 80; an IRF block of 10 x 12 and one of 6 x 6, an SRF block of 5 x 8 that touches it."""
    lesions = np.zeros((height, width), np.uint8)
    lesions[30:40, 20:32] = IRF
    lesions[30:36, 60:66] = IRF
    lesions[36:41, 60:68] = SRF
    lesions[70:79, 90:100] = DRUSEN
    return outlined(lesions, np.repeat(np.arange(10.0, 90, 10)[:, None], width, axis=1))


def test_shapes_of_known_size() -> None:
    said = measure(flat(), (0.004, 0.010))
    assert (said["irf_area_px"], said["srf_area_px"], said["drusen_area_px"], said["shrm_area_px"]) == (156, 40, 90, 0)
    assert said["fluid_area_px"] == 196 and said["fluid_area_mm2"] == pytest.approx(196 * 4e-5)
    assert (said["irf_pools"], said["srf_pools"], said["fluid_pools"]) == (2, 1, 3)
    assert said["fluid_largest_pool_px"] == 120 and said["fluid_largest_pool_mm2"] == pytest.approx(120 * 4e-5)
    assert said["fluid_mean_pool_px"] == pytest.approx(196 / 3)
    assert said["retina_thickness_mean_px"] == 70 and said["retina_thickness_mean_um"] == pytest.approx(280)
    assert said["central_1mm_thickness_mean_um"] == pytest.approx(280)
    assert all(said[f"{layer_key(name)}_thickness_mean_um"] == pytest.approx(40) for name in LAYERS)
    assert said["drusen_height_max_px"] == 9 and said["drusen_height_max_um"] == pytest.approx(36)
    assert said["fluid_share_of_retina"] == pytest.approx(196 / (70 * 120))


def test_a_pool_below_the_smallest_size_is_area_but_no_pool() -> None:
    lesions = np.zeros((40, 40), np.uint8)
    lesions[3, 3 : 3 + SMALLEST_POOL_PX - 1] = IRF
    lesions[9, 3 : 3 + SMALLEST_POOL_PX] = IRF
    said = measure(outlined(lesions), None)
    assert said["fluid_pools"] == 1 and said["fluid_area_px"] == 2 * SMALLEST_POOL_PX - 1


def test_units_come_only_with_the_spacing() -> None:
    none, axial, both = (measure(flat(), s) for s in (None, (0.004, None), (0.004, 0.010)))
    assert not [k for k in none if k.endswith(("_um", "_mm2"))]
    assert "central_sixth_thickness_mean_px" in none and "central_1mm_thickness_mean_px" not in none
    assert axial["retina_thickness_mean_um"] == pytest.approx(280) and not [k for k in axial if k.endswith("_mm2")]
    assert "central_1mm_thickness_mean_px" in both and "central_sixth_thickness_mean_px" not in both


def test_the_centre_is_one_millimetre() -> None:
    surfaces = np.repeat(np.arange(8.0)[:, None] * 10, 400, axis=1)
    surfaces[7, 150:250] = 170  # the middle hundred columns: 1 mm at 10 um
    said = measure(outlined(np.zeros((200, 400)), surfaces), (0.004, 0.010))
    assert said["central_1mm_thickness_mean_px"] == 170
    assert (said["central_1mm_os_rpe_thickness_mean_um"], said["central_1mm_nfl_thickness_mean_px"]) == (pytest.approx(440), 10)
    assert said["os_rpe_thickness_mean_px"] == pytest.approx((300 * 10 + 100 * 110) / 400)
    assert measure(outlined(np.zeros((200, 400)), surfaces), (0.004, 0.005))["central_1mm_thickness_mean_px"] == 120


def test_thickness_along_the_scan_column_by_column() -> None:
    surfaces = np.repeat(np.arange(8.0)[:, None] * 10, 5, axis=1).astype(np.float32)
    surfaces[7] += np.arange(5)
    surfaces[3, 2] = np.nan
    along = thickness_along(surfaces)
    assert along.shape == (8, 5) and list(along[0, [0, 1, 3, 4]]) == [70, 71, 73, 74] and np.isnan(along[:, 2]).all()
    assert np.allclose(along[1:, 4], [10] * 6 + [14])
    lines = thickness_csv(surfaces, (0.004, 0.01)).decode("utf-8-sig").splitlines()
    assert lines[0].startswith("column,position_mm,retina_thickness_um,nfl_thickness_um,gcl_ipl_thickness_um")
    assert lines[1] == "1,0.005,280," + ",".join(["40"] * 7) and lines[3] == "3,0.025" + "," * 8 and len(lines) == 6
    assert thickness_csv(surfaces, (None, None)).decode("utf-8-sig").splitlines()[2] == "2,71," + ",".join(["10"] * 6) + ",11"


def test_surfaces_that_are_not_known_leave_their_keys_out() -> None:
    said = measure(outlined(np.full((50, 60), IRF)), (0.004, 0.010))
    assert said["fluid_area_px"] == 3000 and not [k for k in said if "thickness" in k or "share" in k]
    one = np.full((8, 60), np.nan)
    one[:, 0] = np.arange(8)  # one column at the border: a mean, and no centre
    said = measure(outlined(np.zeros((50, 60)), one), None)
    assert said["retina_thickness_mean_px"] == 7 and "central_sixth_thickness_mean_px" not in said


def test_a_spacing_that_cannot_be_and_a_picture_too_narrow() -> None:
    assert measure(flat(), (math.nan, -1.0)) == measure(flat(), None) == measure(flat(), (0.0, 0.0))
    assert "central_sixth_thickness_mean_um" in measure(flat(), (0.004, 0.005)), "it is 0.6 mm wide"


@st.composite
def segmentations(draw: st.DrawFn) -> Segmentation:
    height, width = draw(st.integers(16, 48)), draw(st.integers(16, 48))
    lesions = draw(hnp.arrays(np.uint8, (height, width), elements=st.integers(0, len(LESIONS))))
    steps = draw(hnp.arrays(np.float32, (8, width), elements=st.floats(0, 6, width=32)))
    surfaces = np.cumsum(steps, axis=0, dtype=np.float32)
    surfaces[:, draw(hnp.arrays(np.bool_, width))] = np.nan
    return outlined(lesions, surfaces)


spacings = st.floats(0.001, 0.05)


@settings(max_examples=40, deadline=None)
@given(segmentations(), spacings, spacings)
def test_no_value_is_nan_and_the_layers_sum_to_the_retina(said: Segmentation, axial: float, lateral: float) -> None:
    for spacing in (None, (axial, None), (axial, lateral)):
        values = measure(said, spacing)
        assert all(math.isfinite(v) and v >= 0 for v in values.values())
        for unit in ("px", "um"):
            if f"retina_thickness_mean_{unit}" in values:
                parts = sum(values[f"{layer_key(name)}_thickness_mean_{unit}"] for name in LAYERS)
                assert parts == pytest.approx(values[f"retina_thickness_mean_{unit}"], rel=1e-6, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(segmentations(), spacings, spacings, st.floats(1.1, 3), st.floats(1.1, 3))
def test_spacing_scales_areas_and_heights(said: Segmentation, axial: float, lateral: float, a: float, b: float) -> None:
    before, after = measure(said, (axial, lateral)), measure(said, (axial * a, lateral * b))
    for key, value in before.items():
        if key.startswith("central"):
            continue  # a coarser grid has another centre
        scale = a * b if key.endswith("_mm2") else a if key.endswith("_um") else 1
        assert after[key] == pytest.approx(value * scale, rel=1e-9)


@settings(max_examples=40, deadline=None)
@given(segmentations(), spacings, spacings)
def test_the_other_eye_measures_the_same(said: Segmentation, axial: float, lateral: float) -> None:
    other = dataclasses.replace(said, lesions=said.lesions[:, ::-1], surfaces=said.surfaces[:, ::-1])
    assert measure(other, (axial, lateral)) == pytest.approx(measure(said, (axial, lateral)), rel=1e-9)


def test_a_phantom_is_measured_as_it_was_drawn() -> None:
    drawn = bscan("DME", seed=3)
    said = measure(outlined(drawn.fluid.astype(np.uint8), drawn.surfaces), (0.00387, 0.0113))
    assert said["fluid_area_px"] == drawn.fluid.sum() and said["irf_pools"] >= 1
    assert said["retina_thickness_mean_px"] == pytest.approx(float((drawn.surfaces[7] - drawn.surfaces[0]).mean()), rel=1e-5)
