"""The pictures that the quality gate learns from, as it sees them: 128 x 128, with crops, grey copies and re-encodings."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from octcore.phantom import KINDS as PHANTOMS
from octcore.phantom import bscan
from train.data import data_root
from train.gate.negatives import MEDICAL, Picture, drawn, found

Rgb = NDArray[np.uint8]


@dataclass(frozen=True)
class Item:
    """One picture: ``target`` as in octcore.quality.KINDS, ``group`` (a patient or a source picture), ``split``, ``views``."""

    target: int
    source: str
    group: str
    split: str
    views: int
    file: Path | None = None
    picture: Picture | None = None
    phantom: int = -1

    def load(self) -> Rgb | None:
        """uint8 (H, W, 3) RGB, or None."""
        if self.picture is not None:
            return self.picture.load()
        if self.phantom >= 0:
            kind = PHANTOMS[self.phantom % len(PHANTOMS)]
            grey = bscan(kind, seed=self.phantom, wedge=self.phantom % 3 == 0).pixels
            return np.repeat(grey[..., None], 3, axis=2)
        read = cv2.imread(str(self.file), cv2.IMREAD_COLOR)
        return None if read is None else np.asarray(cv2.cvtColor(read, cv2.COLOR_BGR2RGB), np.uint8)


def real_items(most_fundus: int = 3000, seed: int = 0) -> list[Item]:
    """The shared scans with their patients' splits; of the training photographs a random part."""
    rng = np.random.default_rng(seed)
    out: list[Item] = []
    for target, name in enumerate(("oct", "fundus")):
        folder = data_root() / f"{name}_classification"
        with open(folder / "manifest.csv", newline="") as file:
            lines = list(csv.DictReader(file))
        learned = [x for x in lines if x["split"] == "train"]
        if target and len(learned) > most_fundus:
            learned = [learned[k] for k in rng.choice(len(learned), most_fundus, replace=False)]
        for x in learned + [x for x in lines if x["split"] != "train"]:
            views = {"train": 2, "val": 2, "test": 1}[x["split"]]
            out.append(Item(target, f"{name}:{x['source'].split('/')[0]}", x["group"], x["split"], views, folder / x["file"]))
    out += [Item(0, "oct:phantom", f"phantom-{k}", "train" if k < 100 else "test", 1, phantom=k) for k in range(140)]
    return out


def other_items(folder: Path, seed: int = 0) -> list[Item]:
    """Pictures of other things, 70 % of each kind to train on and 15 % each to choose and to test on."""
    rng = np.random.default_rng(seed)
    out = []
    for picture in [*found(folder, seed), *drawn(120, seed)]:
        # One volume or one picture in several encodings falls on one side.
        group = picture.name.split("#")[0]
        draw = (sum(ord(c) * (k + 7) for k, c in enumerate(group)) * 2654435761 % 1000) / 1000
        split = "train" if draw < 0.7 else "val" if draw < 0.85 else "test"
        views = 10 if picture.kind in ("photos", "scikit") else 3 if picture.kind in (*MEDICAL, "opencv", "stamps") else 2
        out.append(Item(2, picture.kind, group, split, views, picture=picture))
    rng.shuffle(out)  # type: ignore[arg-type]
    return out


def views_of(item: Item, rng: np.random.Generator) -> list[Rgb]:
    """``item.views`` small pictures uint8 (h, w, 3): the first as it is, the others changed as users' files are."""
    whole = item.load()
    if whole is None or (float(whole.std()) == 0 and item.source != "drawn-uniform"):
        return []
    change = _scan_view if item.target < 2 else _other_view
    return [whole, *(change(whole, rng, item.target) for _ in range(item.views - 1))]


def _scan_view(whole: Rgb, rng: np.random.Generator, target: int) -> Rgb:
    """A scan after a crop, a border, another brightness or a re-encoding: still the same scan."""
    out = whole
    height, width = out.shape[:2]
    if rng.random() < 0.7:
        if target == 0:  # rows: down to the retina and its surroundings; columns: a half at least
            rows = _retina_rows(out)
            top, bottom = int(rng.uniform(0, rows[0])), int(rng.uniform(rows[1], height))
            wide = int(width * rng.uniform(0.5, 1.0))
        else:
            top, bottom = int(rng.uniform(0, 0.15) * height), int(height - rng.uniform(0, 0.15) * height)
            wide = int(width * rng.uniform(0.7, 1.0))
        left = int(rng.integers(0, width - wide + 1))
        out = out[top:bottom, left : left + wide]
    if rng.random() < 0.5:
        out = out[:, ::-1]
    if target == 1 and rng.random() < 0.15:  # red-free and grey photographs
        out = _in_grey(out)
    if rng.random() < 0.2:
        above, below, left, right = (int(e) for e in rng.integers(0, 40, 4))
        level = float(rng.choice([0, 0, 255])) if target == 0 else 0.0
        out = np.asarray(cv2.copyMakeBorder(out, above, below, left, right, cv2.BORDER_CONSTANT, value=(level,) * 3), np.uint8)
    return _recorded(out, rng, 0.35)


def _retina_rows(scan: Rgb) -> tuple[int, int]:
    """About where the retina lies: rows whose mean is well above the darkest rows'."""
    level = cv2.GaussianBlur(scan[..., 0].astype(np.float32), (0, 0), 3).max(axis=1)
    bright = np.flatnonzero(level > 0.5 * level.max())
    return (int(bright[0] * 0.9), int(len(level) - (len(level) - bright[-1]) * 0.9)) if len(bright) else (0, len(level))


def _other_view(whole: Rgb, rng: np.random.Generator, target: int) -> Rgb:
    """A part of a picture, in colour or grey, turned, inverted, darkened."""
    out = whole
    if rng.random() < 0.75:
        height, width = out.shape[:2]
        share = rng.uniform(0.25, 1.0, 2)
        tall, wide = max(16, int(height * share[0])), max(16, int(width * share[1]))
        top, left = (
            int(rng.integers(0, height - tall + 1)) if height > tall else 0,
            int(rng.integers(0, max(1, width - wide + 1))),
        )
        out = out[top : top + tall, left : left + wide]
    if rng.random() < 0.5:
        out = _in_grey(out)
    if rng.random() < 0.15:
        out = _in_flesh(out, rng)
    if rng.random() < 0.12:
        out = _in_disc(out, rng)
    if rng.random() < 0.15:
        out = np.asarray(255 - out, np.uint8)
    if rng.random() < 0.2:
        out = np.rot90(out)
    if rng.random() < 0.5:
        out = out[:, ::-1]
    return _recorded(out, rng, 0.6)


def _in_grey(picture: Rgb) -> Rgb:
    return np.repeat(np.asarray(cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY), np.uint8)[..., None], 3, axis=2)


def _in_flesh(picture: Rgb, rng: np.random.Generator) -> Rgb:
    """A picture in skin's, mucosa's and the fundus' colours: these must not be what makes a fundus."""
    low = np.array([rng.uniform(20, 130), rng.uniform(0, 60), rng.uniform(0, 50)])
    high = np.array([rng.uniform(170, 255), rng.uniform(80, 215), rng.uniform(40, 195)])
    level = _in_grey(picture)[..., :1].astype(np.float32) / 255
    return np.asarray(np.clip(low + level * (high - low), 0, 255), np.uint8)


def _in_disc(picture: Rgb, rng: np.random.Generator) -> Rgb:
    """A picture in a round field on black, as a fundus camera's, an endoscope's and a dermatoscope's are."""
    height, width = picture.shape[:2]
    y, x = np.mgrid[:height, :width]
    squeezed = rng.uniform(0.7, 1.05)
    far = np.hypot((y - height / 2) / (height * 0.52), (x - width / 2) / (width * 0.52 * squeezed))
    return np.asarray(np.where(far[..., None] < 1, picture, 0), np.uint8)


def _recorded(picture: Rgb, rng: np.random.Generator, spread: float) -> Rgb:
    """Another brightness and gamma, some blur or noise, a JPEG now and then."""
    scale = min(1.0, 320 / max(picture.shape[:2]))
    size = max(8, round(picture.shape[1] * scale)), max(8, round(picture.shape[0] * scale))
    values = cv2.resize(np.ascontiguousarray(picture), size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    values = values ** np.exp(rng.uniform(-spread, spread)) * np.exp(rng.uniform(-spread, 0.4 * spread))
    if rng.random() < 0.2:
        values = np.asarray(cv2.GaussianBlur(values, (0, 0), rng.uniform(0.5, 2.0)), np.float32)
    if rng.random() < 0.2:
        values = values + rng.normal(0, rng.uniform(0.01, 0.05), (*values.shape[:2], 1))
    out = np.clip(values * 255, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        _, coded = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 95))])
        out = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
    return out


def summary(items: Sequence[Item]) -> dict[str, dict[str, int]]:
    """Pictures by source and split."""
    out: dict[str, dict[str, int]] = {}
    for item in items:
        row = out.setdefault(item.source, {"train": 0, "val": 0, "test": 0})
        row[item.split] += 1
    return dict(sorted(out.items()))
