"""The command line starts fast because it loads what it needs and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

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
