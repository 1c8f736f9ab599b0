"""The served model: its answer is a distribution, does not hang on what is not retina, and is as good as its card says."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from octcore import models
from octcore.calibrate import softmax
from octcore.classify import classify
from octcore.inputs import classifier_input
from octcore.phantom import KINDS, bscan, fundus, png_bytes
from octcore.preprocess import INPUT_SIZE, frame
from octcore.readers import read
from octcore.scan import Scan
from octcore.taxonomy import LABELS, OCT_LABELS
from train.data import training_rows

SAME = 3e-3
"""Of a probability: an export may hold its weights in half precision (train.graph)."""


def scan_of(pixels: np.ndarray) -> Scan:
    return Scan(pixels=np.asarray(pixels, np.uint8), modality="oct", sha256="0" * 64, format="PNG")


@pytest.fixture(scope="module")
def real(shared_oct: object) -> list[np.ndarray]:
    """Test patients' scans, a few of each source, as they are."""
    rows = [r for r in training_rows("oct") if r.split == "test"]
    chosen = [r for source in sorted({r.source for r in rows}) for r in [x for x in rows if x.source == source][::7][:6]]
    return [np.asarray(Image.open(r.file).convert("L")) for r in chosen]


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_is_a_distribution_with_a_map_over_the_scan(kind: str) -> None:
    said = classify(read(png_bytes(kind, 4)))  # type: ignore[arg-type]
    assert sum(said.probabilities[name] for name in OCT_LABELS) == pytest.approx(1)
    assert said.probabilities["AMD"] == pytest.approx(said.probabilities["DRUSEN"] + said.probabilities["CNV"])
    assert said.label == max(OCT_LABELS, key=lambda name: said.probabilities[name])
    assert said.label in said.prediction_set
    assert 0 <= said.uncertainty <= 1
    assert said.heatmap.min() >= 0 and 0.5 < said.heatmap.max() <= 1
    assert "synthetic" in said.caveats and not said.reliable


def test_the_same_scan_gives_the_same_answer_from_many_threads() -> None:
    scan = read(png_bytes("DME", 2))
    answers: list[float] = []
    threads = [threading.Thread(target=lambda: answers.append(classify(scan).probability)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 8 and np.ptp(answers) < 1e-6


@pytest.mark.parametrize("size", [(64, 64), (64, 900), (900, 64), (496, 1536), (1200, 1600)])
def test_any_size_has_an_answer_and_a_map_of_its_aspect(size: tuple[int, int]) -> None:
    pixels = cv2.resize(bscan("CNV").pixels, size[::-1])
    heat = classify(scan_of(pixels)).heatmap
    assert heat.shape[1] / heat.shape[0] == pytest.approx(size[1] / size[0], rel=0.05)


@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_scan_without_any_structure_does_not_break_it(value: int) -> None:
    assert np.isfinite(classify(scan_of(np.full((200, 300), value))).probability)


def padded(pixels: np.ndarray) -> np.ndarray:
    return np.pad(pixels, ((40, 30), (25, 25)), constant_values=int(np.median(pixels)))


def with_white_wedge(pixels: np.ndarray) -> np.ndarray:
    out = pixels.copy()
    height, width = out.shape
    corner = np.array([[0, height - 1], [width - 1, height - 1], [0, int(height * 0.95)]], np.int32)
    cv2.fillPoly(out, [corner], 255)
    return out


def with_icon(pixels: np.ndarray) -> np.ndarray:
    out = pixels.copy()
    height, width = out.shape
    y, x, side = int(height * 0.88), int(width * 0.03), int(height * 0.08)
    cv2.rectangle(out, (x, y), (x + side, y + side), 200, 1)
    return out


def re_encoded(pixels: np.ndarray) -> np.ndarray:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=80)
    return np.asarray(Image.open(out))


@pytest.mark.parametrize("change", [padded, with_white_wedge, with_icon, re_encoded])
def test_what_is_not_retina_hardly_moves_the_answer(change: object, real: list[np.ndarray]) -> None:
    """Nineteen in twenty keep their label, and the mean shift of the label's probability stays small."""
    before = [classify(scan_of(x)) for x in real]
    after = [classify(scan_of(change(x))) for x in real]  # type: ignore[operator]
    kept = np.mean([a.label == b.label for a, b in zip(before, after, strict=True)])
    moved = np.mean([abs(a.probability - b.probabilities[a.label]) for a, b in zip(before, after, strict=True)])
    assert kept >= 0.95, (kept, moved)
    assert moved <= 0.05, (kept, moved)


def test_the_frame_finds_the_retina_that_was_drawn() -> None:
    for kind in KINDS:
        for seed in range(4):
            drawn = bscan(kind, seed=seed, wedge=bool(seed % 2))
            found = frame(drawn.pixels)
            top, bottom = drawn.surfaces[0].min() * found.scale, drawn.surfaces[7].max() * found.scale
            height = found.image.shape[0]
            assert abs(found.top - top) < 0.08 * height
            assert -0.05 * height < found.bottom - bottom < 0.25 * height  # the choroid may count


def test_the_network_reads_one_size_whatever_the_scan() -> None:
    tensor = classifier_input(bscan("NORMAL", height=300, width=900).pixels).tensor
    assert tensor.shape == (1, 1, *INPUT_SIZE) and tensor.dtype == np.float32 and np.abs(tensor).max() <= 1


def test_a_damaged_weight_is_refused(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    info = models.catalogue()[0]
    broken = models.ModelInfo(**{**info.__dict__, "sha256": "0" * 64})
    with pytest.raises(models.ModelError, match="damaged"):
        models.network(broken)
    with pytest.raises(models.ModelError, match="no model"):
        models.members("oct-nonsense", "oct")


def test_serving_imports_neither_torch_nor_tensorflow() -> None:
    code = (
        "import sys; from octcore.classify import classify; from octcore.readers import read;"
        "from octcore.phantom import png_bytes;"
        "classify(read(png_bytes('CNV')));"
        "import ui.viewer, ui.charts, ui.result_view, ui.session;"
        "print(sorted({'torch', 'tensorflow', 'keras'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip().endswith("[]")


@pytest.mark.parametrize("info", [m for m in models.catalogue() if m.task in LABELS], ids=lambda m: m.id)
def test_the_export_answers_as_the_native_weights_do(info: models.ModelInfo) -> None:
    pictures = [fundus(seed=k) for k in range(3)] if info.task == "fundus" else [bscan(kind, seed=7).pixels for kind in KINDS]
    tensor = np.concatenate([classifier_input(picture, info.task).tensor for picture in pictures])  # type: ignore[arg-type]
    served = models.network(info).run(tensor)[0]
    if info.framework == "Keras":  # the `.keras` file needs nothing of this package, and opens under TensorFlow too
        for backend in ("torch", "tensorflow"):
            native = _keras_answer(info.folder / "native.keras", tensor[:, : 1 if info.task == "oct" else 3], backend)
            assert np.abs(softmax(served) - softmax(native)).max() < SAME
        return
    import torch

    from train.networks import build

    saved = torch.load(info.folder / "native.pt", weights_only=True)
    net = build(saved["net"], len(LABELS[info.task]), False, tensor.shape[1])  # type: ignore[index]
    net.load_state_dict({k: v.float() if v.dtype.is_floating_point else v for k, v in saved["state"].items()})
    with torch.inference_mode():
        native = net.eval()(torch.from_numpy(tensor))[0].numpy()
    assert np.abs(softmax(served) - softmax(native)).max() < SAME


def _keras_answer(file: Path, tensor: NDArray[np.float32], backend: str) -> NDArray[np.float32]:
    """What a `.keras` file says of (N, channels, H, W) in a process of its own, since Keras has one backend a process."""
    code = (
        "import io, sys, numpy, keras; x = numpy.load(io.BytesIO(sys.stdin.buffer.read())); out = io.BytesIO();"
        f"numpy.save(out, keras.models.load_model({str(file)!r}).predict(x, verbose=0));"
        "sys.stdout.buffer.write(out.getvalue())"
    )
    sent, environment = io.BytesIO(), {**os.environ, "KERAS_BACKEND": backend}
    np.save(sent, tensor.transpose(0, 2, 3, 1))
    said = subprocess.run([sys.executable, "-c", code], input=sent.getvalue(), capture_output=True, check=True, env=environment)
    return np.asarray(np.load(io.BytesIO(said.stdout)))
