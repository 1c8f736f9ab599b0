"""Lettering burnt into a picture is found, real scans are not taken for it, and it hardly moves an answer."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from octcore.burnt_text import burnt_text
from octcore.classify import classify
from octcore.phantom import KINDS, bscan
from octcore.readers import read
from octcore.scan import Scan
from train.data import training_rows


def lettered(grey: NDArray[np.uint8], words: str, size: int, level: int, place: tuple[int, int]) -> NDArray[np.uint8]:
    picture = Image.fromarray(grey)
    ImageDraw.Draw(picture).text(place, words, fill=level, font=ImageFont.load_default(size))
    return np.asarray(picture)


@pytest.mark.parametrize("size", [12, 16, 24, 32])
def test_names_are_found_in_nine_of_ten_scans(size: int) -> None:
    rng = np.random.default_rng(size)
    found = []
    for seed in range(40):
        drawn = bscan(KINDS[seed % len(KINDS)], height=496, width=768, seed=seed).pixels
        words = "".join(rng.choice(list("ABCDEFGHKLMNOPRSTUabcdefhiklmnorstu"), 8)) + " 1962"
        place = (int(rng.integers(4, 768 - 14 * size)), int(rng.choice([6, 496 - size - 12])))
        boxes = burnt_text(lettered(drawn, words, size, int(rng.integers(150, 256)), place))
        found.append(any(abs(y - place[1]) < 1.5 * size for _, y, _, _ in boxes))
    print(f"size {size}: {np.mean(found):.2f} of names found")
    assert np.mean(found) >= 0.9


def test_dark_letters_on_a_light_margin_are_found() -> None:
    sheet = np.full((560, 768), 255, np.uint8)
    sheet[:496] = bscan("DME", height=496, width=768, seed=1).pixels
    assert burnt_text(lettered(sheet, "DOE JANE 1962", 20, 10, (30, 520)))


def test_drawn_scans_have_none() -> None:
    assert not any(burnt_text(bscan(kind, seed=seed).pixels) for kind in KINDS for seed in range(8))


@pytest.mark.parametrize("task", ["oct", "fundus"])
def test_real_scans_are_not_taken_for_lettering(task: str, shared_oct: Path, shared_fundus: Path) -> None:
    files = [row.file for row in training_rows(task)][::7]  # type: ignore[arg-type]
    alarms = [file for file in files if burnt_text(np.asarray(cv2.imread(str(file), cv2.IMREAD_COLOR_RGB), np.uint8))]
    print(f"{task}: {len(alarms)} of {len(files)} flagged")
    assert len(alarms) <= 0.01 * len(files), alarms


def test_a_file_with_a_name_in_it_is_warned_about() -> None:
    for words, warned in (("DOE JANE 1962", True), ("", False)):
        out = io.BytesIO()
        Image.fromarray(lettered(bscan("DME", seed=3).pixels, words, 18, 230, (10, 8))).save(out, "PNG")
        assert ("burnt_text" in read(out.getvalue(), "a.png").warnings) == warned


def test_a_name_in_the_margin_hardly_moves_the_answer(shared_oct: Path) -> None:
    files = [row.file for row in training_rows("oct") if row.split == "test"][::30]
    moved, same = [], []
    for file in files:
        grey = np.asarray(cv2.imread(str(file), cv2.IMREAD_GRAYSCALE), np.uint8)
        plain, named = (
            classify(Scan(pixels=picture, modality="oct", sha256="0" * 64, format="PNG"))
            for picture in (grey, lettered(grey, "DOE JANE 1962", 14, 230, (6, grey.shape[0] - 22)))
        )
        moved.append(abs(plain.probability - named.probabilities[plain.label]))
        same.append(plain.label == named.label)
    print(f"same label {np.mean(same):.2f}, moved {np.median(moved):.3f} (median), {np.percentile(moved, 90):.3f} (90 %)")
    assert np.mean(same) >= 0.9 and np.median(moved) < 0.1
