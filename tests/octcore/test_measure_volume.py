"""Volumes of known thickness and fluid: measured right, mirrored right, and silent about what cannot be known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from octcore.etdrs import RINGS
from octcore.measure_volume import measure_volume
from octcore.reviewed import as_reviewed
from octcore.scan import Laterality, Spacing
from octcore.segment import fluid_in, layers_of

SPACING = Spacing(0.125, 0.004, 0.0125)
SHAPE = (57, 560)
"""7.1 x 7 mm: the whole grid fits in."""
RIGHT = ("superior", "inferior", "nasal", "temporal")


def eye(thickness_um: np.ndarray) -> np.ndarray:
    """Surfaces (S, 8, W) of a retina of that thickness (S, W), its layers equally thick."""
    top = np.full(thickness_um.shape, 40.0)
    shares = np.linspace(0, 1, 8)[None, :, None]
    return (top[:, None] + shares * (thickness_um / 4.0)[:, None]).astype(np.float32)


def places() -> tuple[np.ndarray, np.ndarray]:
    """Millimetres to later slices and to the right, from the volume's centre."""
    down = (np.arange(SHAPE[0]) - (SHAPE[0] - 1) / 2) * 0.125
    return down[:, None], ((np.arange(SHAPE[1]) + 0.5 - SHAPE[1] / 2) * 0.0125)[None]


def none(shape: tuple[int, int] = SHAPE) -> np.ndarray:
    return np.zeros((shape[0], 8, shape[1]), np.uint8)


@settings(max_examples=10, deadline=None)
@given(st.floats(120, 600), st.sampled_from(["OD", "OS", None]), st.sampled_from(["superior", "inferior", None]))
def test_a_flat_retina_is_as_thick_everywhere(thickness: float, side: Laterality | None, first: str | None) -> None:
    said = measure_volume(none(), eye(np.full(SHAPE, thickness)), SPACING, side, first)  # type: ignore[arg-type]
    assert said.fovea.found == "centre" and said.fovea.slice == 28 and said.fovea.column == 280
    subfields = [v for k, v in said.values.items() if k.startswith("etdrs_")]
    assert len(subfields) == 8 and subfields == pytest.approx([thickness] * 8, rel=1e-4)
    assert said.values["central_subfield_thickness_um"] == pytest.approx(thickness, rel=1e-4)
    assert said.values["macular_volume_6mm_mm3"] == pytest.approx(math.pi * 9 * thickness / 1000, rel=1e-4)
    assert said.values["macular_volume_3mm_mm3"] == pytest.approx(math.pi * 2.25 * thickness / 1000, rel=1e-4)
    assert said.thickness.dtype == np.float32 and said.thickness.shape == SHAPE


def test_each_subfield_by_its_own_thickness_and_mirrored_with_the_eye() -> None:
    down, across = places()
    distance, angle = np.hypot(down, across), np.arctan2(down, across)
    ring = np.where(distance <= 0.5, 0, np.where(distance <= 1.5, 1, 2))
    quadrant = np.round(angle / (np.pi / 2)).astype(int) % 4  # right, later slices, left, earlier slices
    thickness = np.where(ring == 0, 200.0, 300.0 + 100 * (ring - 1) + 10 * quadrant)
    right = measure_volume(none(), eye(thickness), SPACING, "OD", "superior").values
    order = ("nasal", "inferior", "temporal", "superior")
    for k, name in enumerate(order):
        for r, where in enumerate(RINGS):
            assert right[f"etdrs_{where}_{name}_um"] == pytest.approx(300 + 100 * r + 10 * k, abs=4)
    assert right["central_subfield_thickness_um"] == pytest.approx(200, abs=12)
    left = measure_volume(none(), eye(thickness[:, ::-1]), SPACING, "OS", "superior").values
    turned = measure_volume(none(), eye(thickness[::-1]), SPACING, "OD", "inferior").values
    for key, value in right.items():
        if key.endswith("_um"):
            assert left[key] == pytest.approx(value, abs=0.5) and turned[key] == pytest.approx(value, abs=0.5)


def test_a_side_that_is_not_known_is_not_named() -> None:
    values = measure_volume(none(), eye(np.full(SHAPE, 300.0)), SPACING).values
    names = {k.split("_")[2] for k in values if k.startswith("etdrs_")}
    assert names == {"right", "left", "first", "last"}


@settings(max_examples=8, deadline=None)
@given(st.floats(-0.6, 0.6), st.floats(-0.6, 0.6))
def test_the_pit_is_the_fovea_wherever_it_lies(y: float, x: float) -> None:
    down, across = places()
    thickness = 320 - 110 * np.exp(-((down - y) ** 2 + (across - x) ** 2) / 0.25)
    said = measure_volume(none(), eye(thickness), SPACING, "OD", "inferior")
    assert said.fovea.found == "thinnest"
    assert abs((said.fovea.slice - 28) * 0.125 - y) <= 0.125 and abs((said.fovea.column - 280) * 0.0125 - x) <= 0.05
    assert said.values["central_subfield_thickness_um"] < min(v for k, v in said.values.items() if "etdrs_inner" in k)


@pytest.mark.parametrize("shape", ["flat", "slope", "swollen", "nothing"])
def test_in_doubt_the_fovea_is_the_centre(shape: str) -> None:
    down, across = places()
    thickness = {
        "flat": np.full(SHAPE, 300.0),
        "slope": 300 + 40 * across + 0 * down,
        "swollen": 300 + 200 * np.exp(-(down**2 + across**2)),
        "nothing": np.full(SHAPE, np.nan),
    }[shape]
    said = measure_volume(none(), eye(thickness), SPACING, "OD", "inferior")
    assert said.fovea.found == "centre"
    assert all(np.isfinite(v) for v in said.values.values())
    assert ("central_subfield_thickness_um" in said.values) == (shape != "nothing")


@settings(max_examples=10, deadline=None)
@given(
    st.tuples(st.integers(1, 4), st.integers(1, 7), st.integers(1, 9)),
    st.tuples(st.floats(0.01, 0.3), st.floats(0.002, 0.01), st.floats(0.005, 0.03)),
)
def test_a_block_of_fluid_has_its_volume(size: tuple[int, int, int], spacing: tuple[float, float, float]) -> None:
    lesions = np.zeros((6, 20, 30), np.uint8)
    s, h, w = size
    lesions[1 : 1 + s, 2 : 2 + h, 3 : 3 + w] = 1
    lesions[0, 15:20, 0:10] = 2
    values = measure_volume(lesions, np.full((6, 8, 30), np.nan, np.float32), Spacing(*spacing)).values
    voxel = math.prod(spacing) * 1000
    assert values["irf_volume_voxels"] == s * h * w and values["srf_volume_voxels"] == 50
    assert values["irf_volume_nl"] == pytest.approx(s * h * w * voxel) and values["srf_volume_nl"] == pytest.approx(50 * voxel)
    assert values["fluid_volume_nl"] == pytest.approx((s * h * w + 50) * voxel)
    assert values["slices"] == 6 and values["slices_with_fluid"] == 1 + (s if h * w >= 20 else 0)


def test_units_come_only_with_the_spacing() -> None:
    lesions = none()
    lesions[3, 2:8, 10:20] = 1
    surfaces = eye(np.full(SHAPE, 300.0))
    nothing = measure_volume(lesions, surfaces, Spacing()).values
    assert set(nothing) == {
        "slices", "slices_with_fluid", "retina_thickness_mean_px",
        *(f"{n}_volume_voxels" for n in ("fluid", "irf", "srf", "drusen", "shrm")),
    }  # fmt: skip
    axial = measure_volume(lesions, surfaces, Spacing(None, 0.004, 0.0125)).values
    assert set(axial) - set(nothing) == {"retina_thickness_mean_um"}
    for spoiled in (0.0, -1.0, math.nan, math.inf):
        assert set(measure_volume(lesions, surfaces, Spacing(spoiled, spoiled, spoiled)).values) == set(nothing)


def test_a_painted_block_adds_its_nanolitres_and_moves_no_thickness() -> None:
    """30 x 40 pixels of SRF painted in one slice, 10 x 10 of IRF erased in another: known to the voxel."""
    lesions = np.zeros((SHAPE[0], 160, SHAPE[1]), np.uint8)
    lesions[10:13, 50:60, 100:110] = 1
    surfaces = eye(np.full(SHAPE, 300.0))
    before = measure_volume(lesions, surfaces, SPACING, "OD", "inferior")
    painted, erased = lesions[40].copy(), lesions[11].copy()
    painted[60:90, 200:240] = 2
    erased[50:60, 100:110] = 0
    kept = lesions.copy()
    after = measure_volume(as_reviewed(lesions, {40: painted, 11: erased}), surfaces, SPACING, "OD", "inferior")
    assert np.array_equal(lesions, kept), "the model's outlines stay"
    voxel = 0.125 * 0.004 * 0.0125 * 1000
    assert before.values["fluid_volume_nl"] == pytest.approx(300 * voxel)
    assert after.values["srf_volume_nl"] == pytest.approx(1200 * voxel)
    assert after.values["irf_volume_nl"] == pytest.approx(200 * voxel)
    assert after.values["fluid_volume_nl"] == pytest.approx(1400 * voxel)
    assert (before.values["slices_with_fluid"], after.values["slices_with_fluid"]) == (3, 3)
    assert list(after.pixels[[10, 11, 40]].ravel()) == [100, 0, 0, 0, 0, 0, 0, 0, 0, 1200, 0, 0]
    for key, value in before.values.items():
        if "thickness" in key or "etdrs" in key or "macular" in key:
            assert after.values[key] == value
    with pytest.raises(ValueError, match="slice 3"):
        as_reviewed(lesions, {3: painted[:-1]})
    with pytest.raises(IndexError):
        as_reviewed(lesions, {SHAPE[0]: painted})


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_the_fluids_share_is_that_of_the_drawn_layers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    surfaces = np.cumsum(rng.uniform(0, 5, (3, 8, 30)), axis=1).astype(np.float32)
    surfaces[:, :, 4] = np.nan
    lesions = rng.integers(0, 5, (3, 33, 30)).astype(np.uint8)
    retina = np.stack([layers_of(one, 33) for one in surfaces]) > 0
    share = float((fluid_in(lesions) & retina).sum() / retina.sum())
    assert measure_volume(lesions, surfaces, Spacing()).values["fluid_share_of_retina"] == pytest.approx(share)


def test_a_scan_that_does_not_reach_has_no_such_subfield() -> None:
    small = Spacing(0.05, 0.004, 0.006)  # 2.9 x 3.4 mm
    values = measure_volume(none(), eye(np.full(SHAPE, 300.0)), small, "OD", "inferior").values
    assert {k for k in values if k.startswith("etdrs_")} == {f"etdrs_inner_{n}_um" for n in RIGHT}
    assert "macular_volume_3mm_mm3" in values and "macular_volume_6mm_mm3" not in values
    tiny = measure_volume(none((3, 40))[:, :, :40], eye(np.full((3, 40), 300.0)), small).values
    assert "central_subfield_thickness_um" not in tiny


def test_a_slice_that_is_not_known_costs_no_more_than_itself() -> None:
    thickness = np.full(SHAPE, 300.0)
    thickness[28] = np.nan
    values = measure_volume(none(), eye(thickness), SPACING, "OD", "inferior").values
    assert values["central_subfield_thickness_um"] == pytest.approx(300, rel=1e-4)
    assert values["macular_volume_6mm_mm3"] == pytest.approx(math.pi * 2.7, rel=1e-4)
