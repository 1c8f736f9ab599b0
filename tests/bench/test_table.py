"""The table, and its place in README."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.table import BEGIN, END, into_readme, markdown

ABOUT = {"processor": "A processor", "cores": 2, "date": "2026-11-23", "load": "nothing else running"}
SIDES = {"engine_ms": 10.0, "eager_ms": 40.0, "ratio": 0.25}


def test_a_part_that_was_not_measured_is_left_out() -> None:
    network = {"id": "oct-cnn", "task": "oct", "framework": "Keras", "network": SIDES, "whole": SIDES}
    table = markdown({"about": ABOUT, "parts": {"networks": [network]}})
    assert "| `oct-cnn`, network | 10.0 ms | 40.0 ms | 0.25 |" in table
    assert "server" not in table


def test_the_table_replaces_what_stands_between_the_markers(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    into_readme(readme, "| new |")
    assert readme.read_text() == f"before\n{BEGIN}\n| new |\n{END}\nafter\n"
    readme.write_text("no markers")
    with pytest.raises(ValueError, match="bench"):
        into_readme(readme, "| new |")
