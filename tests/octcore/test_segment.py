"""What a user may rely on of a segmentation: ordered surfaces, the scan's own pixels, Dice that means what it says."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from numpy.typing import NDArray
from PIL import Image

from octcore.evaluate import ManifestError
from octcore.evaluate_segment import class_map, evaluate_segment, predicted, read_mask
from octcore.phantom import KINDS, bscan, png_bytes
from octcore.readers import read
from octcore.scan import Scan
from octcore.segment import Segmentation, layers_of, segment
from octcore.straighten import SEGMENT_SIZE, look, maps_onto_scan, mask_into_window, straighten
from octcore.surfaces import ordered_surfaces
from octcore.taxonomy import LAYERS, LESIONS, SURFACES


def as_scan(pixels: NDArray[np.uint8]) -> Scan:
    return Scan(pixels=pixels, modality="oct", sha256="0" * 64, format="PNG")


def chances(surfaces: NDArray[np.float64], height: int) -> NDArray[np.float32]:
    """The regions' shares of each pixel between exact surfaces (K, W): float32 (K + 1, height, W)."""
    above = np.clip(surfaces[:, None, :] - np.arange(height)[None, :, None], 0, 1)
    edge = np.ones((1, *above.shape[1:]))
    return np.diff(np.concatenate([0 * edge, above, edge]), axis=0).clip(0, 1).astype(np.float32)


@given(some.integers(0, 10_000), some.integers(8, 60))
@settings(max_examples=40, deadline=None)
def test_clear_surfaces_are_found_to_a_hundredth_of_a_pixel(seed: int, width: int) -> None:
    true = np.sort(np.random.default_rng(seed).uniform(3, 77, (8, width)), axis=0)
    assert np.abs(ordered_surfaces(chances(true, 80), smooth=1) - true).max() < 0.01


@given(some.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_surfaces_never_cross_whatever_a_network_says(seed: int) -> None:
    noise = np.random.default_rng(seed).gamma(0.2, 1, (9, 40, 30)).astype(np.float32)
    found = ordered_surfaces(noise / noise.sum(axis=0))
    assert found.shape == (8, 30) and np.isfinite(found).all()
    assert (np.diff(found, axis=0) >= 0).all() and found.min() >= 0 and found.max() <= 40


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("height", "width"), [(496, 512), (300, 200), (496, 1536), (650, 768)])
def test_a_mask_comes_back_from_the_window_to_its_place(kind: str, height: int, width: int) -> None:
    drawn = bscan(kind, height=height, width=width, seed=4)  # type: ignore[arg-type]
    layers = layers_of(drawn.surfaces, height)
    window, _ = straighten(drawn.pixels)
    inside = mask_into_window((layers > 0).astype(np.uint8), window, 0, SEGMENT_SIZE)
    back = maps_onto_scan(inside[None].astype(np.float32), window, (height, width))[0] > 0.5
    dice = 2 * (back & (layers > 0)).sum() / (back.sum() + (layers > 0).sum())
    assert dice > 0.975


def test_a_tilted_retina_is_laid_level() -> None:
    drawn = bscan("NORMAL", height=496, width=512, seed=1)
    slide = np.linspace(-90, 90, 512)
    y, x = np.mgrid[:496, :512].astype(np.float32)
    tilted = np.asarray(cv2.remap(drawn.pixels, x, (y - slide[None]).astype(np.float32), cv2.INTER_LINEAR), np.uint8)
    level, _ = straighten(drawn.pixels)
    window, invalid = straighten(tilted)
    assert window.last - window.first < 1.25 * (level.last - level.first)
    base = np.argmax(look(tilted, invalid, window)[40:], axis=0)  # the pigment epithelium is the brightest
    assert np.polyfit(np.arange(len(base)), base, 1)[0] == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize(("height", "width"), [(496, 512), (300, 200), (496, 1536)])
def test_answers_have_the_scans_own_size_and_order(height: int, width: int) -> None:
    said = segment(as_scan(bscan("DME", height=height, width=width, seed=2).pixels))
    assert said.lesions.shape == said.layers.shape == (height, width)
    assert said.surfaces.shape == (len(SURFACES), width)
    known = np.isfinite(said.surfaces).all(axis=0)
    assert known.mean() > 0.95 and (np.diff(said.surfaces[:, known], axis=0) >= 0).all()


def test_columns_without_data_have_no_surface() -> None:
    pixels = bscan("NORMAL", seed=3).pixels.copy()
    pixels[:, :60] = 0
    said = segment(as_scan(pixels))
    assert np.isnan(said.surfaces[:, :50]).all() and np.isfinite(said.surfaces[:, 80:]).all()
    assert not said.lesions[:, :50].any()


def test_a_drawn_retina_is_outlined_where_it_was_drawn() -> None:
    drawn = bscan("NORMAL", seed=5)
    said = segment(read(png_bytes("NORMAL", seed=5)))
    for k in (0, 7):  # the vitreous border and the lower border: a drawing's inner layers are only like a retina's
        assert np.nanmedian(np.abs(said.surfaces[k] - drawn.surfaces[k])) < 6
    assert "synthetic" in said.caveats


@pytest.fixture
def manifest(tmp_path: Path) -> tuple[Path, list[Segmentation]]:
    """Two phantoms with the model's own outlines as masks."""
    said = []
    with open(tmp_path / "m.csv", "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["image", "mask", "group", "column_min", "column_max"])
        for seed in (0, 1):
            (tmp_path / f"{seed}.png").write_bytes(png_bytes("DME", seed=seed))
            said.append(segment(read((tmp_path / f"{seed}.png").read_bytes())))
            Image.fromarray(said[-1].layers).save(tmp_path / f"{seed}-mask.png")
            rows.writerow([f"{seed}.png", f"{seed}-mask.png", f"p{seed}", 100, 399])
    return tmp_path / "m.csv", said


def test_evaluate_gives_dice_1_to_the_same_mask_and_less_to_a_wrong_one(manifest: tuple[Path, list[Segmentation]]) -> None:
    place, _ = manifest
    classes = class_map(",".join(f"{k + 1}={name.lower()}" for k, name in enumerate(LAYERS)))
    same = evaluate_segment(place, classes)
    assert same["overall"]["mean_dice"] == 1 and same["overall"]["groups"] == 2
    assert all(c["iou"] == 1 and c["n"] == 2 for c in same["overall"]["per_class"].values())
    swapped = evaluate_segment(place, class_map("1=INL,3=NFL"))
    assert swapped["overall"]["per_class"]["INL"]["dice"] == 0


def test_only_the_named_columns_and_no_255_are_scored(manifest: tuple[Path, list[Segmentation]]) -> None:
    place, said = manifest
    for seed in (0, 1):
        mask = said[seed].layers.copy()
        mask[:, :100] = mask[:, 400:] = 3  # wrong, outside the columns
        mask[:200] = 255
        Image.fromarray(mask).save(place.parent / f"{seed}-mask.png")
    found = evaluate_segment(place, class_map("7=os-rpe"))["overall"]["per_class"]["OS-RPE"]
    assert found["dice"] == 1


def test_a_palette_mask_is_read_by_its_numbers(tmp_path: Path) -> None:
    values = np.zeros((40, 50), np.uint8)
    values[10:20] = 4
    image = Image.fromarray(values, "P")
    image.putpalette([200, 10, 10] * 256)
    image.save(tmp_path / "mask.png")
    assert (read_mask(tmp_path / "mask.png") == values).all()


def test_classes_are_named_or_refused() -> None:
    assert class_map("1=fluid,3=Fluid,4=drusen,6=shrm") == {1: "fluid", 3: "fluid", 4: "DRUSEN", 6: "SHRM"}
    for wrong in ("fluid", "1=cat", "300=fluid", "1=fluid,", "255=fluid"):
        with pytest.raises(ManifestError):
            class_map(wrong)


def test_fluid_is_both_kinds() -> None:
    lesions = np.zeros((40, 50), np.uint8)
    for k in range(len(LESIONS) + 1):
        lesions[:, 10 * k : 10 * k + 10] = k
    said = Segmentation("m", "1", lesions, np.full((8, 50), np.nan, np.float32), 0.0)
    assert (predicted(said, "fluid") == (predicted(said, "IRF") | predicted(said, "SRF"))).all()
    assert predicted(said, "fluid").sum() == 800


def test_the_card_keeps_to_the_floor() -> None:
    from octcore.models import members

    protocol = members("oct-layers", "segment")[0].card["protocol"]
    assert protocol["layers"]["mean_dice"] >= 0.86 and protocol["fluid"]["dice"] >= 0.70


def test_real_lesions_of_patients_kept_aside(shared_segmentation: Path) -> None:
    with open(shared_segmentation / "kermany_lesions" / "manifest.csv", newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["split"] == "val"]
    drusen = LESIONS.index("DRUSEN") + 1
    both = total = 0
    for row in [r for r in rows if int(r["retinal_drusen_pixels"]) > 500][:12]:
        image = (shared_segmentation / "kermany_lesions" / "images" / f"{row['file']}.webp").read_bytes()
        said = segment(read(image)).lesions == drusen
        true = read_mask(shared_segmentation / "kermany_lesions" / "masks" / f"{row['file']}.png") == 4
        both, total = both + 2 * int((said & true).sum()), total + int(said.sum() + true.sum())
    assert both / total > 0.45
