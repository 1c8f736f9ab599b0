"""What a user may rely on: scans pass, everything else is refused, and a bad scan is called what it is."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from octcore import models
from octcore.phantom import KINDS, bscan, png_bytes
from octcore.quality import assess, measure, network_input
from octcore.readers import read
from octcore.scan import Scan
from train.data import data_root
from train.gate.draw_negatives import DRAWERS

pictures = pytest.importorskip("skimage.data", reason="scikit-image's pictures of other things are needed")

Pixels = NDArray[np.uint8]

THINGS = [
    "astronaut", "brick", "camera", "cat", "checkerboard", "clock", "coffee", "coins", "colorwheel", "grass", "gravel",
    "hubble_deep_field", "immunohistochemistry", "moon", "page", "rocket", "shepp_logan_phantom", "text",
]  # fmt: skip


def scan_of(pixels: object) -> Scan:
    return Scan(pixels=np.ascontiguousarray(pixels, np.uint8), modality="unknown", sha256="0" * 64, format="PNG")


def in_grey(pixels: Pixels) -> Pixels:
    return pixels if pixels.ndim == 2 else np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)


def thing(name: str) -> Pixels:
    pixels = np.asarray(getattr(pictures, name)())
    if pixels.dtype != np.uint8:
        pixels = (pixels * 255 / pixels.max()).astype(np.uint8)
    return np.ascontiguousarray(pixels[..., :3] if pixels.ndim == 3 else pixels)


def test_files(kind: str, step: int) -> list[Path]:
    """Every ``step``-th scan of the shared data's test patients."""
    folder = data_root() / f"{kind}_classification"
    with open(folder / "manifest.csv", newline="") as file:
        return [folder / row["file"] for row in csv.DictReader(file) if row["split"] == "test"][::step]


test_files.__test__ = False  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def bscans(shared_oct: Path) -> list[Pixels]:
    return [np.asarray(Image.open(f).convert("L")) for f in test_files("oct", 3)]


@pytest.fixture(scope="module")
def photographs() -> list[Pixels]:
    if not (data_root() / "fundus_classification" / "manifest.csv").exists():
        pytest.skip(f"the shared photographs are not at {data_root()} (set OCTCORE_DATA)")
    return [np.asarray(Image.open(f).convert("RGB")) for f in test_files("fundus", 4)]


def test_bscans_of_patients_it_never_saw_are_accepted(bscans: list[Pixels]) -> None:
    said = [assess(scan_of(x)) for x in bscans]
    assert np.mean([q.accepted and q.kind == "oct" for q in said]) >= 0.99
    assert np.mean([q.reasons == () for q in said]) >= 0.97


def test_photographs_of_patients_it_never_saw_are_accepted_and_called_so(photographs: list[Pixels]) -> None:
    said = [assess(scan_of(x)) for x in photographs]
    assert np.mean([q.accepted and q.kind == "fundus" for q in said]) >= 0.99
    assert all("is_fundus" in q.reasons for q in said if q.accepted)
    assert np.mean([q.reasons == ("is_fundus",) for q in said]) >= 0.97


def cropped(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    return pixels[int(0.05 * height) : int(0.97 * height), int(0.15 * width) : int(0.85 * width)]


def re_encoded(pixels: Pixels) -> Pixels:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=60)
    return np.asarray(Image.open(out))


def padded(pixels: Pixels) -> Pixels:
    return np.pad(pixels, ((20, 10), (15, 15)))


@pytest.mark.parametrize("change", [cropped, re_encoded, padded])
def test_a_changed_bscan_is_still_one(change: object, bscans: list[Pixels]) -> None:
    said = [assess(scan_of(change(x))) for x in bscans[::3]]  # type: ignore[operator]
    assert np.mean([q.kind == "oct" for q in said]) >= 0.98


@pytest.mark.parametrize("kind", KINDS)
def test_phantoms_are_accepted_as_bscans(kind: str) -> None:
    for seed in range(5):
        assert assess(read(png_bytes(kind, seed))).kind == "oct"  # type: ignore[arg-type]
    assert assess(scan_of(bscan(kind, height=400, width=700, seed=9, wedge=True).pixels)).kind == "oct"  # type: ignore[arg-type]


@pytest.mark.parametrize("name", THINGS)
def test_a_picture_of_something_else_is_refused_in_colour_grey_and_inverted(name: str) -> None:
    pixels = thing(name)
    for shown in (pixels, in_grey(pixels), 255 - in_grey(pixels), in_grey(pixels)[: pixels.shape[0] // 2]):
        said = assess(scan_of(shown))
        assert (said.kind, said.accepted, said.reasons) == ("neither", False, ("not_retinal",)), said


def test_a_photograph_of_another_camera_is_accepted() -> None:
    """scikit-image's retina: of no source that the gate was made with."""
    assert assess(scan_of(thing("retina"))).kind == "fundus"
    assert assess(scan_of(in_grey(thing("retina")))).kind == "fundus"


@pytest.mark.parametrize("name", sorted(DRAWERS))
def test_drawings_are_refused(name: str) -> None:
    """Other drawings than those of the fit: a seed of their own. Two in a hundred may pass."""
    drawn = [DRAWERS[name](np.random.default_rng(10**6 + k)) for k in range(50)]
    passed = [assess(scan_of(x)).accepted for x in (*drawn, *(in_grey(x) for x in drawn))]
    assert sum(passed) <= 2


@pytest.mark.parametrize("value", [0, 90, 255])
def test_a_picture_of_one_colour_is_refused(value: int) -> None:
    assert not assess(scan_of(np.full((300, 400), value))).accepted
    assert not assess(scan_of(np.full((300, 400, 3), (value, 90, 40)))).accepted


@pytest.mark.parametrize("size", [(8, 8), (1, 700), (900, 3), (33, 2000), (4000, 3000)])
def test_any_size_has_an_answer(size: tuple[int, int]) -> None:
    said = assess(scan_of(cv2.resize(bscan().pixels, size[::-1])))
    assert 0 <= said.score <= 1 and np.isfinite(said.distance)
    for kind in ("oct", "fundus"):
        assert np.isfinite(measure(np.zeros((32, 40), np.uint8), kind)).all()  # type: ignore[arg-type]


def spoiled(pixels: Pixels, how: str, blur: float = 1 / 110) -> Pixels:
    values, height = pixels.astype(np.float32), pixels.shape[0]
    if how == "too_dark":
        values *= 0.3
    elif how == "overexposed":
        values *= 2.5
    elif how == "blurred":
        values = np.asarray(cv2.GaussianBlur(values, (0, 0), height * blur), np.float32)
    elif how == "weak_signal":
        values = values * 0.25 + 20 + np.random.default_rng(0).normal(0, 30, values.shape)
    else:  # cut_off: the upper half of the retina is outside
        rows = np.flatnonzero(cv2.GaussianBlur(values, (0, 0), 5).mean(axis=1) > 60)
        values = values[(int(rows[0]) + int(rows[-1])) // 2 :]
    return np.clip(values, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("how", ["too_dark", "overexposed", "blurred", "weak_signal", "cut_off"])
def test_a_spoiled_bscan_is_warned_of(how: str) -> None:
    from octcore.quality import warnings

    good = bscan("NORMAL", seed=3).pixels
    assert warnings(measure(good, "oct"), "oct") == ()
    assert how in warnings(measure(spoiled(good, how), "oct"), "oct")


@pytest.mark.parametrize("how", ["too_dark", "overexposed", "blurred"])
def test_a_spoiled_photograph_is_warned_of(how: str, photographs: list[Pixels]) -> None:
    from octcore.quality import warnings

    said = [warnings(measure(spoiled(in_grey(x), how, blur=1 / 40), "fundus"), "fundus") for x in photographs[::5]]
    assert np.mean([how in codes for codes in said]) >= 0.5


def test_warnings_do_not_refuse(bscans: list[Pixels]) -> None:
    said = [assess(scan_of(spoiled(x, "blurred"))) for x in bscans[::10]]
    assert all(q.accepted for q in said if "blurred" in q.reasons)
    assert any("blurred" in q.reasons for q in said)


def test_a_volume_is_judged_by_its_middle_bscan() -> None:
    volume = np.stack([bscan("NORMAL", seed=k).pixels for k in range(3)])
    scan = Scan(pixels=volume[1], modality="oct", sha256="0" * 64, format="vol", volume=volume)
    assert assess(scan) == assess(scan_of(volume[1]))


def test_the_input_is_the_same_for_grey_and_for_equal_channels() -> None:
    grey = bscan().pixels
    tensor = network_input(grey)
    assert tensor.shape == (1, 3, 128, 128) and tensor.dtype == np.float32 and np.abs(tensor).max() <= 1
    assert np.array_equal(tensor, network_input(np.repeat(grey[..., None], 3, axis=2)))


def test_the_export_answers_as_the_native_weights_do() -> None:
    import torch

    from octcore.nets.torch_gate import Gate

    folder = models.weights_folder() / "quality"
    state = torch.load(folder / "native.pt", weights_only=True)
    gate = Gate(state["variance"].shape[1])
    gate.head.load_state_dict(state)
    inputs = np.concatenate([network_input(bscan(kind, seed=7).pixels) for kind in KINDS] + [network_input(thing("cat"))])
    with torch.inference_mode():
        native = gate.eval()(torch.from_numpy(inputs))
    for ours, theirs in zip(models.quality_network().run(inputs), native, strict=True):
        assert np.allclose(ours, theirs.numpy(), rtol=1e-3, atol=1e-3)


def test_the_card_says_what_the_gate_does() -> None:
    folder = models.weights_folder() / "quality"
    card = json.loads((folder / "card.json").read_text())
    overall = card["test"]["overall"]
    assert min(overall["accepted_oct"], overall["accepted_fundus"], overall["refused"]) >= 0.99
    assert all((folder / name).exists() for name in card["figures"])
    assert (folder / "model.onnx").stat().st_size <= 15_000_000


def test_it_imports_neither_torch_nor_tensorflow() -> None:
    code = (
        "import sys; from octcore.quality import assess; from octcore.readers import read; from octcore.phantom import png_bytes;"
        "assess(read(png_bytes('CNV'))); print(sorted({'torch', 'tensorflow', 'keras'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip().endswith("[]")
