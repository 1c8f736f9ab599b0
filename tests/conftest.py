"""What all tests share: a data folder of their own, and the shared images where they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from octcore import models
from tests.stand_in import with_photographs
from train.data import data_root


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """OCT_STUDIO_HOME in a temporary folder: no test sees the developer's own data."""
    monkeypatch.setenv("OCT_STUDIO_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def photographs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Models of photographs: the served ones, or a stand-in's where none is served yet. Skips without any weights."""
    try:
        if not any(model.task == "fundus" and model.card for model in models.catalogue()):
            monkeypatch.setenv("OCTCORE_WEIGHTS", str(with_photographs(tmp_path / "weights")))
    except models.ModelError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def shared_segmentation() -> Path:
    """The shared segmentation images; the test skips where they are absent."""
    folder = data_root() / "oct_segmentation"
    if not (folder / "kermany_lesions" / "manifest.csv").exists():
        pytest.skip(f"the shared images are not at {folder} (set OCTCORE_DATA)")
    return folder


@pytest.fixture(scope="session")
def shared_oct() -> Path:
    """The shared OCT images; the test skips where they are absent."""
    folder = data_root() / "oct_classification"
    if not (folder / "manifest.csv").exists():
        pytest.skip(f"the shared images are not at {folder} (set OCTCORE_DATA)")
    return folder


@pytest.fixture(scope="session")
def shared_fundus() -> Path:
    """The shared photographs; the test skips where they are absent."""
    folder = data_root() / "fundus_classification"
    if not (folder / "manifest.csv").exists():
        pytest.skip(f"the shared images are not at {folder} (set OCTCORE_DATA)")
    return folder
