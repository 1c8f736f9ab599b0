"""The training road, whole, on a few images and a few steps: train, resume, export, card. Never for real."""

from __future__ import annotations

import json
import os
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
from train.data import REPOSITORY, oct_rows, sampling_weights
from train.oct import family_loss


def test_no_patient_is_on_two_sides(shared_oct: Path) -> None:
    sides: dict[str, set[str]] = {}
    for row in oct_rows():
        sides.setdefault(row.group, set()).add(row.split)
    assert max(map(len, sides.values())) == 1


def test_every_class_and_source_is_drawn(shared_oct: Path) -> None:
    rows = [r for r in oct_rows() if r.split == "train"]
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


def test_train_resume_export_and_card(tmp_path: Path, shared_oct: Path) -> None:
    def step(*args: str) -> str:
        environment = {**os.environ, "OCTCORE_WEIGHTS": str(tmp_path / "weights")}
        done = subprocess.run([sys.executable, "-m", *args], cwd=tmp_path, capture_output=True, text=True, check=False,
                              env={**environment, "PYTHONPATH": str(REPOSITORY)})  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    run = ["train.oct", "--limit", "32", "--batch", "16", "--out", "runs/tiny"]
    first = step(*run, "--epochs", "2", "--stop-after", "1")
    second = step(*run, "--epochs", "2")  # goes on where the first stopped
    assert ('"epoch": 1' in first, '"epoch": 2' in first) == (True, False)
    assert ('"epoch": 1' in second, '"epoch": 2' in second) == (False, True)
    assert [h["epoch"] for h in json.loads((tmp_path / "runs/tiny/history.json").read_text())] == [1, 2]
    step("train.export", "runs/tiny", "--limit", "40")
    step("train.evaluate", "tiny", "--limit", "40")
    card = json.loads((tmp_path / "weights/tiny/card.json").read_text())
    assert card["test"]["overall"]["n"] == 40
    assert all((tmp_path / "weights/tiny" / name).exists() for name in card["figures"])
