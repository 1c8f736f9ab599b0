"""The command line starts fast because it loads what it needs and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bench.command_line import run
from bench.scans import scan_file

HEAVY = ("torch", "tensorflow", "keras", "pandas", "matplotlib", "scipy", "streamlit", "pydicom", "nibabel", "onnx")


@pytest.mark.parametrize("task", ["oct", "segment"])
def test_analyze_loads_no_library_that_a_picture_does_not_need(task: str, tmp_path: Path) -> None:
    file = tmp_path / "scan.png"
    file.write_bytes(scan_file("oct", 1))
    code = (
        "import sys; from octcore.__main__ import main;"
        f"sys.argv = ['octcore', 'analyze', {str(file)!r}, '--task', {task!r}, '--json']; assert main() == 0;"
        f"print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_processs_peak_is_its_own() -> None:
    """Not that of the process which measures it."""
    held = np.ones(60_000_000)
    seconds, megabytes = run(["-c", "pass"])
    assert megabytes < 100 < held.nbytes / 1e6 and seconds < 30
