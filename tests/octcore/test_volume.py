"""Volumes: each slice as alone, in batches; progress, cancelling, blank slices; the eye's rule."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from octcore import models
from octcore.classify import classify
from octcore.evaluate import probabilities_of
from octcore.eye import eye_of
from octcore.familiarity import Scale
from octcore.phantom import bscan, png_bytes
from octcore.readers import read
from octcore.scan import Scan
from octcore.segment import segment
from octcore.taxonomy import OCT_LABELS
from octcore.volume import BATCH, Cancelled, classify_volume, segment_volume, worst_first

T = 0.15


def volume(*kinds: str) -> Scan:
    slices = np.stack([bscan(k, height=240, width=320, seed=n).pixels if k else np.zeros((240, 320), np.uint8) for n, k in enumerate(kinds)])  # type: ignore[arg-type]  # fmt: skip  # noqa: E501
    return Scan(pixels=slices[len(slices) // 2], modality="oct", sha256="x", format="NPZ", volume=slices, synthetic=True)


SIX = volume("NORMAL", "DME", "", "DME", "CNV", "NORMAL")


class Net:
    """Stands in for a network: what it says of a batch depends on each input alone."""

    def __init__(self, task: str) -> None:
        self.task, self.batches, self.thread = task, [], set()  # type: ignore[var-annotated]

    def run(self, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        self.batches.append(len(inputs))
        self.thread.add(threading.get_ident())
        mean = inputs.mean(axis=(1, 2, 3))
        if self.task == "oct":
            logits = np.stack([np.sin(mean * 40 + k) * 3 for k in range(len(OCT_LABELS))], axis=1).astype(np.float32)
            return logits, np.repeat(inputs[:, :, ::32, ::32], len(OCT_LABELS), axis=1).astype(np.float32)
        n, _, h, w = inputs.shape
        regions = np.zeros((n, 9, h, w), np.float32)
        for k in range(9):
            regions[:, k, k * h // 9 : (k + 1) * h // 9] = 1
        lesions = np.zeros((n, 5, h, w), np.float32)
        lesions[:, 1, 60:90, 100:200] = np.clip(mean, 0, 1)[:, None, None] * 3
        return regions, np.clip(lesions, 0, 1)


def test_evaluate_reads_a_volume_as_one_eye(tmp_path: Path) -> None:
    """Beside pictures, by the slices that hold something, as the pages and the command line do."""
    files = [tmp_path / "eye.npz", tmp_path / "one.png"]
    np.savez(files[0], volume=SIX.volume)
    files[1].write_bytes(png_bytes("DME", seed=3))
    kept, said = probabilities_of(files, "oct-cnn", "oct")
    eye = classify_volume(read(files[0].read_bytes(), "eye.npz"), "oct-cnn").eye
    wanted = np.array([eye.scores[name] for name in OCT_LABELS])
    assert kept == [0, 1] and said.shape == (2, len(OCT_LABELS)) and np.allclose(said[0], wanted / wanted.sum())
    alone = classify(read(files[1].read_bytes(), "one.png"), "oct-cnn")
    assert np.allclose(said[1], [alone.probabilities[name] for name in OCT_LABELS], atol=1e-6)


@pytest.fixture
def nets(monkeypatch: pytest.MonkeyPatch) -> dict[str, Net]:
    made = {task: Net(task) for task in ("oct", "segment")}
    info = {t: models.ModelInfo(f"m-{t}", "1", t, "", Path(), t, 1.0, (), {}) for t in made}
    monkeypatch.setattr(models, "members", lambda model, task: [info[task]])
    monkeypatch.setattr(models, "network", lambda one: made[one.task])
    monkeypatch.setattr(models, "conformal", lambda task, model: T)
    monkeypatch.setattr(models, "energy_scale", lambda one: Scale(0.0, 1.0))
    return made


def test_every_slice_is_outlined_as_if_alone(nets: dict[str, Net]) -> None:
    told: list[tuple[int, int]] = []
    said = segment_volume(SIX, progress=lambda done, total: told.append((done, total)))
    assert told == [(BATCH, 5), (5, 5)] and nets["segment"].batches == [4, 1], "the blank slice is not read"
    assert said.lesions.shape == (6, 240, 320) and said.surfaces.shape == (6, 8, 320) and said.surfaces.dtype == np.float32
    assert said.version == "m-segment@1/volume-1" and said.caveats == ("synthetic",)
    for k in (0, 1, 3, 4, 5):
        alone = segment(SIX.at(k))
        assert np.array_equal(said.lesions[k], alone.lesions)
        assert np.array_equal(said.surfaces[k], alone.surfaces, equal_nan=True)
    assert not said.lesions[2].any() and np.isnan(said.surfaces[2]).all()


def test_every_slice_is_classified_as_if_alone_the_worst_first(nets: dict[str, Net]) -> None:
    said = classify_volume(SIX)
    assert np.isnan(said.probabilities[2]).all() and len(said.order) == 5 and 2 not in said.order
    normal = said.probabilities[:, OCT_LABELS.index("NORMAL")]
    assert list(normal[list(said.order)]) == sorted(normal[np.isfinite(normal)])
    for k in (0, 1, 3, 4, 5):
        alone = classify(SIX.at(k))
        assert OCT_LABELS[int(said.probabilities[k].argmax())] == alone.label
        assert said.probabilities[k].max() == pytest.approx(alone.probability, abs=1e-6)
        assert said.heatmaps[k].shape == (96, 128) and abs(said.heatmaps[k].mean() / 255 - alone.heatmap.mean()) < 0.02
    assert said.eye == eye_of(said.probabilities, T)


@pytest.mark.parametrize("task", [segment_volume, classify_volume])
def test_it_can_be_cancelled_between_batches(nets: dict[str, Net], task: object) -> None:
    done: list[int] = []
    with pytest.raises(Cancelled):
        task(SIX, progress=lambda k, n: done.append(k), cancelled=lambda: bool(done))  # type: ignore[operator]
    assert done == [BATCH]


def test_a_failing_slice_is_the_callers_error(nets: dict[str, Net], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("octcore.volume.onto_scan", broken)
    with pytest.raises(RuntimeError, match="broken"):
        segment_volume(SIX)


def test_a_volume_of_nothing_is_read_all_the_same(nets: dict[str, Net]) -> None:
    assert np.isfinite(classify_volume(volume("", "")).probabilities).all()


def rows(**by_label: list[float]) -> np.ndarray:
    """Slices by some classes' probabilities; NORMAL takes the rest."""
    out = np.zeros((len(next(iter(by_label.values()))), len(OCT_LABELS)))
    for name, values in by_label.items():
        out[:, OCT_LABELS.index(name)] = values
    out[:, 0] = 1 - out.sum(axis=1)
    return out


def test_an_eye_is_normal_only_where_no_slice_says_otherwise() -> None:
    quiet = eye_of(rows(DME=[0.05, 0.1, 0.3, 0.1, 0.0]), T)
    assert quiet.label == "NORMAL" and quiet.probability == pytest.approx(1 - 0.5 / 3)
    one = eye_of(rows(MH=[0.0, 0.0, 0.9, 0.0, 0.0]), T)
    assert one.label == "MH" and one.probability == pytest.approx(0.3) and one.prediction_set == ("MH", "NORMAL")
    led = eye_of(rows(DRUSEN=[0.8, 0.8, 0.8, 0.0]), T)
    assert led.label == "DRUSEN" and led.prediction_set == ("DRUSEN", "NORMAL")


def test_a_run_of_slices_outweighs_a_lone_one() -> None:
    eye = eye_of(rows(DME=[0, 0, 0.7, 0.7, 0.7, 0, 0], VID=[0.99, 0, 0, 0, 0, 0, 0]), T)
    assert eye.label == "DME" and eye.probability == pytest.approx(0.7) and eye.scores["VID"] == pytest.approx(0.33)


def test_the_family_counts_its_members_together() -> None:
    eye = eye_of(rows(DRUSEN=[0.4] * 3, CNV=[0.5] * 3), T)
    assert eye.label == "CNV" and eye.scores["AMD"] == pytest.approx(0.9)


@settings(max_examples=50, deadline=None)
@given(hnp.arrays(np.float64, st.tuples(st.integers(1, 12), st.just(len(OCT_LABELS))), elements=st.floats(0.001, 1)))
def test_the_rule_holds_for_any_slices(raw: np.ndarray) -> None:
    p = raw / raw.sum(axis=1, keepdims=True)
    eye = eye_of(p, T)
    assert eye.label == eye.prediction_set[0] and eye.probability == eye.scores[eye.label]
    assert all(0 <= v <= 1 + 1e-9 for v in eye.scores.values())
    if eye.label == "NORMAL":
        assert (p[:, 0] >= T).all()
    again = eye_of(np.concatenate([p[::-1], np.full((1, p.shape[1]), np.nan)]), T)
    assert again.label == eye.label or np.isclose(again.probability, eye.probability)
    assert worst_first(p) == tuple(np.argsort(p[:, 0], kind="stable"))
