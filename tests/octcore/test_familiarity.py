"""The classifiers know when a picture is unlike those that they learned."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.special import logsumexp

from octcore.classify import classify
from octcore.familiarity import Scale, energy, familiarity
from octcore.scan import Scan
from octcore.taxonomy import ClassifyTask
from train.data import training_rows
from train.familiar import not_scans, pictures


@given(hnp.arrays(np.float32, (5, 7), elements=st.floats(-80, 80, width=32)))
def test_energy_is_the_logarithm_of_the_summed_exponentials(logits: np.ndarray) -> None:
    assert np.allclose(energy(logits), logsumexp(logits.astype(np.float64), axis=1))


def test_several_networks_count_in_their_own_deviations() -> None:
    logits = [np.array([[0.0, 4.0]], np.float32), np.array([[0.0, 40.0]], np.float32)]
    scales = [Scale(energy(logits[0])[0] - 1, 1.0), Scale(energy(logits[1])[0] + 10, 10.0)]
    assert familiarity(logits, scales)[0] == pytest.approx(0)
    assert familiarity(logits, scales, [1.0, 0.0])[0] == pytest.approx(1)


@pytest.mark.parametrize("task", ["oct", "fundus"])
def test_real_scans_are_seldom_unfamiliar_and_others_often(task: ClassifyTask, shared_oct: Path, shared_fundus: Path) -> None:
    def flagged(pixels: np.ndarray) -> bool:
        scan = Scan(pixels=np.asarray(pixels, np.uint8), modality=task, sha256="0" * 64, format="PNG")
        return "unfamiliar" in classify(scan, task=task).caveats

    def some(kind: ClassifyTask) -> list[Path]:
        return [row.file for row in training_rows(kind) if row.split == "test"][::20]

    real = [flagged(picture) for picture in pictures(some(task), task)]
    # Photographs' classifiers know drawn nonsense badly (weights/FAMILIARITY.json), B-scans well.
    others = not_scans(task, 1) if task == "oct" else pictures(some("oct"), task)
    strange = [flagged(picture) for picture in others]
    print(f"{task}: {np.mean(real):.3f} of {len(real)} test scans, {np.mean(strange):.2f} of {len(strange)} others")
    assert np.mean(real) <= 0.06 and np.mean(strange) >= 0.1
