"""The figures mean what the contract says: families, partial labels, patients, calibration."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score  # type: ignore[import-untyped]

from octcore.calibrate import conformal_threshold, expected_calibration_error, fit_temperature, softmax
from octcore.metrics import Labelled, auc, predictions, report, sensitivity_at
from octcore.taxonomy import OCT_LABELS


def p(**shares: float) -> list[float]:
    """Class probabilities with the rest spread evenly."""
    rest = (1 - sum(shares.values())) / (len(OCT_LABELS) - len(shares))
    return [shares.get(name, rest) for name in OCT_LABELS]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=4, max_size=60))
def test_auc_is_scikit_learns_also_with_ties(pairs: list[tuple[bool, int]]) -> None:
    positive, scores = np.array([a for a, _ in pairs]), np.array([b for _, b in pairs], float)
    ours = auc(positive, scores)
    if positive.all() or not positive.any():
        assert ours is None
    else:
        assert ours == pytest.approx(roc_auc_score(positive, scores))


def test_a_family_is_right_when_its_sum_is_highest_among_the_sources_labels() -> None:
    rows = [Labelled("AMD", "1", "a"), Labelled("NORMAL", "2", "a"), Labelled("DME", "3", "a")]
    probabilities = np.array([p(DRUSEN=0.3, CNV=0.25, NORMAL=0.35), p(NORMAL=0.6), p(MH=0.5, DME=0.3)])
    assert predictions(rows, probabilities)[0] == ["AMD", "NORMAL", "DME"]


def test_an_image_called_amd_neither_is_nor_is_not_drusen() -> None:
    rows = [Labelled("AMD", "1", "a"), Labelled("DRUSEN", "2", "a"), Labelled("CNV", "3", "a"), Labelled("NORMAL", "4", "a")]
    probabilities = np.array([p(CNV=0.9), p(DRUSEN=0.8), p(CNV=0.8), p(NORMAL=0.9)])
    block = report(rows, probabilities, resamples=20)
    assert block["per_class"]["DRUSEN"]["n"] == 1
    assert block["per_class"]["AMD"]["n"] == 3
    assert block["macro_auc"] == 1.0 and block["accuracy"] == 1.0


def test_not_x_counts_in_the_auc_of_x_within_its_source_and_in_nothing_else() -> None:
    rows = [Labelled("DME", "1", "a"), Labelled("not_DME", "2", "a"), Labelled("NORMAL", "3", "b"), Labelled("MH", "4", "b")]
    probabilities = np.array([p(DME=0.4), p(DME=0.6), p(NORMAL=0.9), p(MH=0.9)])
    block = report(rows, probabilities, resamples=20)
    assert block["per_class"]["DME"]["auc"] == 0.0  # its only rival within the source stands above it
    assert sum(map(sum, block["confusion"]["matrix"])) == 3


def test_a_source_with_one_label_is_not_right_for_free() -> None:
    rows = [Labelled("MH", str(k), "holes") for k in range(2)]
    block = report(rows, np.array([p(MH=0.9), p(NORMAL=0.9)]), resamples=5)
    assert block["accuracy"] == 0.5 and block["macro_auc"] is None


def test_the_interval_draws_patients_not_images() -> None:
    rng = np.random.default_rng(0)
    labels = ["NORMAL", "DME"] * 20
    shares = [p(**{name: float(rng.uniform(0.2, 0.9))}) for name in labels]
    alone = [Labelled(name, str(k), "a") for k, name in enumerate(labels)]
    doubled = [row for row in alone for _ in range(10)]
    once = report(alone, np.array(shares))["macro_auc_ci95"]
    ten = report(doubled, np.repeat(np.array(shares), 10, axis=0))["macro_auc_ci95"]
    assert once == pytest.approx(ten, abs=1e-9)  # ten copies of a patient's image add no certainty


def test_sensitivity_at_95_specificity_leaves_at_most_five_in_a_hundred_false_alarms() -> None:
    rng = np.random.default_rng(1)
    positive = np.r_[np.ones(500, bool), np.zeros(1000, bool)]
    scores = np.r_[rng.normal(1.5, 1, 500), rng.normal(0, 1, 1000)]
    found = sensitivity_at(positive, scores)
    assert found is not None and abs(found - 0.44) < 0.06  # normal theory: P(z > 1.645 - 1.5)


def test_temperature_repairs_overconfidence_and_the_set_covers() -> None:
    rng = np.random.default_rng(2)
    truth = rng.normal(0, 1.5, (6000, len(OCT_LABELS))).astype(np.float32)
    labels = np.array([rng.choice(len(OCT_LABELS), p=row) for row in softmax(truth)])
    allowed = np.eye(len(OCT_LABELS), dtype=np.float32)[labels]
    shown = truth * 3
    temperature = fit_temperature(shown[:3000], allowed[:3000])
    assert temperature == pytest.approx(3, rel=0.1)
    calibrated = softmax(shown, temperature)
    right = calibrated.argmax(1) == labels
    assert expected_calibration_error(calibrated.max(1)[3000:], right[3000:]) < 0.03
    assert expected_calibration_error(softmax(shown).max(1)[3000:], right[3000:]) > 0.1
    threshold = conformal_threshold(calibrated[:3000], allowed[:3000])
    covered = (calibrated[3000:] * allowed[3000:]).sum(1) >= threshold
    assert abs(covered.mean() - 0.95) < 0.015
