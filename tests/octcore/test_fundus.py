"""Photographs: the field of view is found, camera and exposure are evened out, labels say what they say, answers hold."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from octcore import models
from octcore.classify import classify
from octcore.inputs import classifier_input
from octcore.metrics import Labelled, report
from octcore.phantom import fundus, fundus_png_bytes
from octcore.preprocess_fundus import INPUT_SIZE, field_of_view, frame
from octcore.readers import read
from octcore.scan import Scan
from octcore.taxonomy import FUNDUS_LABELS, PARTIAL_LABELS
from train.data import REPOSITORY, fundus_findings, training_rows
from train.networks import begin_from, build

Colour = NDArray[np.uint8]
needs_model = pytest.mark.skipif(
    not [m for m in models.catalogue() if m.task == "fundus"], reason="no fundus model is in weights/"
)


def disc(height: int, width: int, x: float, y: float, radius: float, noise: float = 0.0) -> Colour:
    """A red field on a black frame."""
    down, across = np.mgrid[:height, :width]
    inside = np.hypot(across - x, down - y) <= radius
    picture = inside[..., None] * np.array([150.0, 80.0, 40.0]) * (1 - 0.4 * np.hypot(across - x, down - y)[..., None] / radius)
    grain = np.random.default_rng(0).normal(0, noise, (height, width, 3)) if noise else 0
    return np.clip(picture + grain, 0, 255).astype(np.uint8)


@settings(max_examples=40, deadline=None)
@given(st.floats(60, 400), st.floats(0, 120), st.floats(0, 120), st.floats(0, 4))
def test_the_field_is_found_wherever_the_camera_put_it(radius: float, left: float, above: float, noise: float) -> None:
    x, y = left + radius + 2, above + radius + 2
    found = field_of_view(disc(int(y + radius + 20), int(x + radius + 60), x, y, radius, noise))
    assert np.abs(np.array(found[:3]) - (x, y, radius)).max() < 0.03 * radius + 2


@settings(max_examples=20, deadline=None)
@given(st.floats(0.0, 0.25), st.floats(0.0, 0.25))
def test_a_circle_cut_off_above_and_below_keeps_its_size(above: float, below: float) -> None:
    whole = disc(400, 400, 199.5, 199.5, 198)
    cut = whole[int(above * 400) : 400 - int(below * 400)]
    x, y, radius, _ = field_of_view(np.ascontiguousarray(cut))
    assert abs(radius - 198) < 5 and abs(x - 199.5) < 4 and abs(y + int(above * 400) - 199.5) < 8


def test_neither_exposure_nor_tint_nor_the_frame_reach_the_network() -> None:
    drawn = fundus(600, seed=3)
    plain = classifier_input(drawn, "fundus").tensor
    darker = np.clip(drawn * 0.55, 0, 255).astype(np.uint8)
    tinted = np.clip(drawn * np.array([0.8, 1.0, 1.3]), 0, 255).astype(np.uint8)
    framed = cv2.copyMakeBorder(drawn, 40, 90, 200, 30, cv2.BORDER_CONSTANT)
    for other in (darker, tinted, np.asarray(framed, np.uint8)):
        assert np.abs(classifier_input(other, "fundus").tensor - plain).mean() < 0.05
    without = np.abs((darker.astype(float) - drawn) / 128).mean()
    assert without > 0.2, "the test's exposures differ"


def test_the_network_reads_one_size_whatever_the_photograph() -> None:
    for picture in (fundus(300), fundus(1400), fundus(640)[100:500], np.full((90, 70, 3), 120, np.uint8)):
        given_ = classifier_input(np.ascontiguousarray(picture), "fundus")
        assert given_.tensor.shape == (1, 6, *INPUT_SIZE) and np.abs(given_.tensor).max() <= 1


def test_a_map_lies_over_the_place_that_made_it() -> None:
    drawn = fundus(800, seed=2)
    given_ = classifier_input(drawn, "fundus")
    activation = np.zeros((10, 10), np.float32)
    activation[2, 7] = 1  # upper right of the input
    heat = cv2.resize(given_.back(activation), drawn.shape[1::-1])
    y, x = np.unravel_index(int(heat.argmax()), heat.shape)
    assert abs(x - 0.75 * 800) < 60 and abs(y - 0.25 * 800) < 60
    assert heat[:5].max() == 0, "outside the field nothing was looked at"


def test_what_graders_wrote_becomes_all_that_they_found() -> None:
    both = fundus_findings("diabetic_retinopathy", "moderate non proliferative retinopathy，hypertensive retinopathy")
    assert set(both) == {"diabetic_retinopathy", "hypertension"}
    assert fundus_findings("other", "macular epiretinal membrane，mild nonproliferative retinopathy") == ("diabetic_retinopathy",)
    assert fundus_findings("other", "macular epiretinal membrane") == ()
    assert "glaucoma" not in PARTIAL_LABELS["not_glaucoma"] and len(PARTIAL_LABELS["not_glaucoma"]) == len(FUNDUS_LABELS) - 1


def test_not_x_counts_for_x_alone() -> None:
    rows = [Labelled("glaucoma", "a", "s"), Labelled("not_glaucoma", "b", "s"), Labelled("normal", "c", "t")]
    p = np.full((3, len(FUNDUS_LABELS)), 0.05)
    p[[0, 1, 2], [FUNDUS_LABELS.index(name) for name in ("glaucoma", "cataract", "normal")]] = 0.7
    said = report(rows, p / p.sum(axis=1, keepdims=True), 10)
    assert said["per_class"]["glaucoma"]["auc"] == 1 and "not_glaucoma" not in said["per_class"]
    assert said["accuracy"] == 1 and said["n"] == 3


def test_no_patients_eyes_are_on_two_sides(shared_fundus: Path) -> None:
    sides: dict[str, set[str]] = {}
    for row in training_rows("fundus"):
        sides.setdefault(row.group, set()).add(row.split)
    assert max(map(len, sides.values())) == 1


def test_every_real_field_is_found(shared_fundus: Path) -> None:
    rows = training_rows("fundus")[::60]
    for row in rows:
        photograph = frame(np.asarray(cv2.imread(str(row.file), cv2.IMREAD_COLOR_RGB), np.uint8))
        height, width = photograph.image.shape[:2]
        assert 0.25 * min(height, width) < photograph.radius < 0.56 * max(height, width), row.file
        assert photograph.invalid.mean() < 0.85, row.file


def test_the_keras_resnet_begins_as_the_oct_resnet() -> None:
    from octcore.nets.keras_resnet import KerasResNet18
    from octcore.nets.torch_resnet import ResNet18

    native = REPOSITORY / "weights/oct-resnet18/native.pt"
    theirs = ResNet18(8)
    theirs.load_state_dict({k: v.float() for k, v in torch.load(native, weights_only=True)["state"].items()})
    ours = KerasResNet18(7, start=native).eval()
    grey = torch.rand(2, 1, 96, 128) * 2 - 1
    with torch.inference_mode():
        assert torch.allclose(ours(grey.repeat(1, 3, 1, 1))[1], theirs.eval()(grey)[1], atol=2e-3)


def test_a_resnet_trained_in_pytorch_goes_on_as_the_keras_one_and_back(tmp_path: Path) -> None:
    """With colour stem, head and the normalisations' running values: the same answers on either side."""
    net = build("resnet18", 7, False, 3)
    colours = torch.rand(4, 3, 96, 96) * 2 - 1
    with torch.no_grad():
        for learned in net.parameters():  # a new one's blocks are the identity
            learned.add_(0.1 * learned.std(correction=0) * torch.randn_like(learned) + 0.01)
        for _ in range(3):  # running values of its own
            net(colours)
        first = net.eval()(colours)[0]
    for before, name in (("resnet18", "keras-resnet18"), ("keras-resnet18", "resnet18")):
        torch.save({"net": before, "state": net.state_dict()}, tmp_path / "best.pt")
        net = build(name, 7, False, 3)
        begin_from(net, tmp_path, 7, 3)
        with torch.inference_mode():
            assert torch.allclose(net.eval()(colours)[0], first, atol=2e-3)


@needs_model
def test_an_answer_is_a_distribution_with_a_map_over_the_photograph() -> None:
    said = classify(read(fundus_png_bytes(1)), task="fundus")
    assert set(said.probabilities) == set(FUNDUS_LABELS) and sum(said.probabilities.values()) == pytest.approx(1)
    assert said.label in FUNDUS_LABELS and said.task == "fundus" and "synthetic" in said.caveats
    assert said.heatmap.min() >= 0 and said.heatmap.max() <= 1


@needs_model
def test_exposure_and_frame_do_not_change_the_answer(shared_fundus: Path) -> None:
    rows = [r for r in training_rows("fundus") if r.split == "test" and r.source in ("odir5k", "palm", "airogs")][::12]
    moved, same = [], []
    for row in rows:
        picture = np.asarray(cv2.imread(str(row.file), cv2.IMREAD_COLOR_RGB), np.uint8)
        one = classify(as_scan(picture), task="fundus")
        shown = cv2.copyMakeBorder(np.clip(picture * 0.7, 0, 255).astype(np.uint8), 10, 30, 60, 20, cv2.BORDER_CONSTANT)
        other = classify(as_scan(np.asarray(shown, np.uint8)), task="fundus")
        moved.append(max(abs(one.probabilities[n] - other.probabilities[n]) for n in FUNDUS_LABELS))
        same.append(one.label == other.label)
    assert np.mean(same) > 0.9 and np.median(moved) < 0.05


def as_scan(picture: Colour) -> Scan:
    return Scan(pixels=picture, modality="fundus", sha256="0" * 64, format="PNG")


@needs_model
def test_the_command_line_sends_each_picture_to_its_task(tmp_path: Path) -> None:
    file = tmp_path / "eye.png"
    file.write_bytes(fundus_png_bytes(1))
    run = [sys.executable, "-m", "octcore", "analyze", str(file), "--json", "--task"]
    said = subprocess.run([*run, "fundus"], capture_output=True, text=True, check=False)
    assert said.returncode == 0 and '"diabetic_retinopathy"' in said.stdout, said.stdout + said.stderr
    refused = subprocess.run([*run, "oct"], capture_output=True, text=True, check=False)
    assert refused.returncode == 1 and "--task fundus" in refused.stdout
