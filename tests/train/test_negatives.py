"""Pictures that teach the quality gate what is no scan."""

from __future__ import annotations

from pathlib import Path

import pytest

from octcore.phantom import png_bytes
from octcore.readers import read
from octcore.scan import ScanError
from train.gate.negatives import Picture


def test_a_picture_cut_short_is_used_here_and_still_refused_by_the_readers(tmp_path: Path) -> None:
    """Pillow's setting for it is the process's: it was left on, and a cut scan was read as if it were whole."""
    cut = png_bytes("NORMAL")
    (tmp_path / "cut.png").write_bytes(cut[: len(cut) // 2])
    assert Picture("cut", "photos", tmp_path / "cut.png").load() is not None
    with pytest.raises(ScanError) as caught:
        read(cut[: len(cut) // 2], "cut.png")
    assert caught.value.code == "truncated"
