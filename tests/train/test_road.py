"""The training road, whole, on a few images and a few steps: train, resume, export, card. Never for real."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from octcore.phantom import bscan
from octcore.preprocess import INPUT_SIZE, frame
from octcore.taxonomy import OCT_LABELS, leaves
from train.augment import augmented
from train.classify import family_loss
from train.data import REPOSITORY, Row, sampling_weights, training_rows
from train.export import prior_given_back
from train.segment import chosen, lesion_loss
from train.segmentation_data import ANY_FLUID


def test_no_patient_is_on_two_sides(shared_oct: Path) -> None:
    sides: dict[str, set[str]] = {}
    for row in training_rows("oct"):
        sides.setdefault(row.group, set()).add(row.split)
    assert max(map(len, sides.values())) == 1


def test_every_class_and_source_is_drawn(shared_oct: Path) -> None:
    rows = [r for r in training_rows("oct") if r.split == "train"]
    weights = sampling_weights(rows)
    assert weights.sum() == pytest.approx(1)
    share = {label: weights[[r.label == label for r in rows]].sum() for label in {r.label for r in rows}}
    assert min(share.values()) > 0.01 and max(share.values()) < 0.4


def test_a_family_label_asks_for_its_members_sum_only() -> None:
    allowed = torch.tensor([[float(name in leaves("AMD")) for name in OCT_LABELS]])
    logits = torch.full((1, len(OCT_LABELS)), -20.0)
    for member in leaves("AMD"):
        only = logits.clone()
        only[0, OCT_LABELS.index(member)] = 20.0
        assert family_loss(only, allowed, 0.0).item() < 1e-6
    only = logits.clone()
    only[0, OCT_LABELS.index("NORMAL")] = 20.0
    assert family_loss(only, allowed, 0.0).item() > 10


def test_augmentation_never_turns_a_retina_upside_down() -> None:
    drawn = frame(bscan("NORMAL", seed=3).pixels)
    height, width = drawn.image.shape
    deeper_is_brighter = np.repeat(np.linspace(0, 255, height).astype(np.uint8)[:, None], width, axis=1)
    framed = replace(drawn, image=deeper_is_brighter, top=0.3 * height, bottom=0.7 * height)
    rng = np.random.default_rng(0)
    for _ in range(300):
        view = augmented(framed, rng)
        assert view.shape == INPUT_SIZE and view.dtype == np.uint8
        middle = view[28:-28].astype(float)  # wedges and icons are painted along the borders
        assert np.corrcoef(np.arange(len(middle)), np.median(middle, axis=1))[0, 1] > 0.5


def step(folder: Path, *args: str) -> str:
    """Run a module in a folder of its own, with weights of its own; what it printed."""
    environment = {**os.environ, "OCTCORE_WEIGHTS": str(folder / "weights"), "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run([sys.executable, "-m", *args], cwd=folder, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_train_resume_export_and_card(tmp_path: Path, shared_oct: Path, shared_fundus: Path) -> None:
    run = ["train.classify", "--limit", "32", "--batch", "16", "--out", "runs/tiny"]
    first = step(tmp_path, *run, "--epochs", "2", "--stop-after", "1")
    second = step(tmp_path, *run, "--epochs", "2")  # goes on where the first stopped
    assert ('"epoch": 1' in first, '"epoch": 2' in first) == (True, False)
    assert ('"epoch": 1' in second, '"epoch": 2' in second) == (False, True)
    assert [h["epoch"] for h in json.loads((tmp_path / "runs/tiny/history.json").read_text())] == [1, 2]
    assert (tmp_path / "runs/tiny/training.png").stat().st_size > 5000  # the curves, drawn while it ran
    step(tmp_path, "train.export", "runs/tiny", "--limit", "40")

    # A Keras network that follows the first one as its teacher goes the same road; both together are the ensemble.
    learn = ["train.classify", "--net", "keras-cnn", "--limit", "16", "--batch", "8", "--epochs", "1", "--small-epochs", "1"]
    step(tmp_path, *learn, "--teacher", "runs/tiny", "--out", "runs/keras")
    step(tmp_path, "train.export", "runs/keras", "--limit", "40")
    assert (tmp_path / "weights/keras/native.keras").exists()
    step(tmp_path, "train.familiar", "--task", "oct", "--limit", "8")
    for name in ("keras", "ensemble"):
        step(tmp_path, "train.evaluate", name, "--task", "oct", "--limit", "40")
        card = json.loads((tmp_path / "weights" / name / "card.json").read_text())
        assert card["test"]["overall"]["n"] == 40 and 0 <= card["unfamiliar"]["drawn"]["auc"] <= 1
        assert all((tmp_path / "weights" / name / file).exists() for file in card["figures"])
    assert card["members"] == ["keras", "tiny"] and card["framework"] == "Keras + PyTorch"


def test_the_photographs_road(tmp_path: Path, shared_fundus: Path) -> None:
    """The same commands; a ResNet that begins in PyTorch goes on in Keras and follows a teacher at every place."""
    learn = ["train.classify", "--task", "fundus", "--limit", "16", "--batch", "8", "--epochs", "1", "--small-epochs", "1"]
    step(tmp_path, *learn, "--net", "resnet18", "--out", "runs/begun")
    follow = ["--start", "runs/begun", "--teacher", "runs/begun", "--dense", "--unlabelled"]
    step(tmp_path, *learn, "--net", "keras-resnet18", "--out", "runs/tiny", *follow)
    step(tmp_path, "train.export", "runs/tiny", "--limit", "24")
    assert [h["epoch"] for h in json.loads((tmp_path / "weights/tiny/history.json").read_text())] == [1, 2], "both runs"
    entry = json.loads((tmp_path / "weights/MANIFEST.json").read_text())["models"][0]
    assert entry["task"] == "fundus" and entry["prior_given_back"] in (0, 0.5, 1) and entry["framework"] == "Keras"
    step(tmp_path, "train.evaluate", "tiny", "--limit", "40")
    card = json.loads((tmp_path / "weights/tiny/card.json").read_text())
    assert card["test"]["task"] == "fundus" and card["test"]["overall"]["n"] == 40
    assert sum(block["n"] for block in card["subgroups"]["sex"].values()) > 0 and card["members"] == ["tiny"]


def test_the_close_views_road(tmp_path: Path, shared_fundus: Path) -> None:
    """A classifier of photographs learns to look closer at the disc, stops, goes on, and is served and measured."""
    start = REPOSITORY / "weights/fundus-efficientnet-lite2"
    few = ["--limit", "24", "--views", "8", "--batch", "4"]
    learn = ["train.disc", "--start", str(start), "--out", "runs/disc", *few, "--epochs", "2"]
    first, second = step(tmp_path, *learn, "--stop-after", "1"), step(tmp_path, *learn)
    assert ('"epoch": 1' in first, '"epoch": 2' in first) == (True, False)
    assert ('"epoch": 1' in second, '"epoch": 2' in second) == (False, True)
    step(tmp_path, "train.export", "runs/disc", "--id", "closer", "--limit", "24")
    history = json.loads((tmp_path / "weights/closer/history.json").read_text())
    assert [h["epoch"] for h in history] == list(range(1, len(history) + 1)) and "val_auc_airogs" in history[-1]
    step(tmp_path, "train.evaluate", "closer", "--limit", "40")
    assert json.loads((tmp_path / "weights/closer/card.json").read_text())["test"]["overall"]["n"] == 40


def test_what_oversampling_gave_is_given_back_where_it_helps() -> None:
    """Two classes, one drawn far more often than it occurs: a network that learned so says too much of it."""
    rng = np.random.default_rng(0)
    true, allowed = np.array([0.95, 0.05]), np.zeros((4000, 2), np.float32)
    labels = rng.choice(2, 4000, p=true)
    allowed[np.arange(4000), labels] = 1
    evidence = rng.normal(0, 1, 4000) + 2 * labels
    rows = [Row(Path("x"), "s", "ab"[k], str(i), "train", np.eye(2, dtype=np.float32)[k]) for i, k in enumerate(labels)]
    drawn = sampling_weights(rows) @ np.stack([r.allowed for r in rows])
    logits = np.stack([np.log(drawn[0]) * np.ones(4000), np.log(drawn[1]) + 2 * evidence - 2], axis=1).astype(np.float32)
    share, temperature, shift = prior_given_back(logits, allowed, rows)
    assert share == 1 and temperature == pytest.approx(1, abs=0.1) and shift[1] < shift[0]


def test_a_source_left_out_is_scored_and_was_not_learned(tmp_path: Path, shared_oct: Path) -> None:
    (tmp_path / "weights").mkdir()
    said = step(tmp_path, "train.leave_one_out", "duke_farsiu2013_central", "--epochs", "1", "--limit", "32", "--net", "resnet18")
    found = json.loads((tmp_path / "weights/LEAVE_ONE_OUT.json").read_text())["duke_farsiu2013_central"]
    assert found["n"] == sum(r.source == "duke_farsiu2013_central" for r in training_rows("oct")) and "AMD" in said


def test_the_segmentations_road(tmp_path: Path, shared_segmentation: Path) -> None:
    few = ["--limit", "4", "--steps", "2", "--batch", "2"]
    learn = ["train.segment", "--protocol", "relaynet", "--out", "runs/a", *few]
    assert '"epoch": 1' in step(tmp_path, *learn, "--epochs", "2", "--stop-after", "1")
    assert '"epoch": 1' not in step(tmp_path, *learn, "--epochs", "2")
    step(tmp_path, "train.segment", "--start", "runs/a", "--out", "runs/b", *few, "--epochs", "1")
    (tmp_path / "weights").mkdir()
    step(tmp_path, "train.export_segment", "runs/b")
    step(tmp_path, "train.export_segment", "runs/a", "--protocol")
    for k in range(1, 6):
        shutil.copytree(tmp_path / "runs/a", tmp_path / f"runs/fold-{k}")
    step(tmp_path, "train.evaluate_segment", "oct-segmentation", "--folds", "runs/fold", "--limit", "3")
    card = json.loads((tmp_path / "weights/oct-segmentation/card.json").read_text())
    assert card["protocol"]["layers"]["images"] == 3
    assert card["protocol"]["rater_2"]["mean_dice"] > 0.7  # two people who outline the same layers agree
    assert card["cross_validation"]["layers"]["images"] >= 3


def test_the_protocols_subjects_are_kept_apart(shared_segmentation: Path) -> None:
    learned, _, watched = chosen("relaynet")
    assert {s.group for s in learned} == {f"duke-{k}" for k in range(1, 6)}
    assert not {s.group for s in learned} & {s.group for s in watched}


def test_the_folds_keep_every_subject_aside_once(shared_segmentation: Path) -> None:
    seen: list[str] = []
    for k in range(1, 6):
        learned, _, watched = chosen(f"fold-{k}")
        aside = {s.group for s in watched if s.source == "duke"}
        assert len(aside) == 2 and not aside & {s.group for s in learned}
        seen += aside
    assert sorted(seen) == sorted(f"duke-{k}" for k in range(1, 11))


def test_a_partial_label_of_a_pixel_asks_for_the_fluids_sum_only() -> None:
    target = torch.full((1, 4, 4), ANY_FLUID)
    for fluid in (1, 2):
        logits = torch.full((1, 5, 4, 4), -20.0)
        logits[:, fluid] = 20.0
        assert lesion_loss(logits, target).item() < 0.1
    logits = torch.full((1, 5, 4, 4), -20.0)
    logits[:, 3] = 20.0
    assert lesion_loss(logits, target).item() > 5
