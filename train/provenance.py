"""Where a card's figures come from."""

from __future__ import annotations

import subprocess
import sys


def commit() -> str:
    """The checked-out commit, short; empty outside a repository."""
    said = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return said.stdout.strip()


def command(module: str) -> str:
    """The command that is running, as a person would type it."""
    return " ".join(["python -m", module, *sys.argv[1:]])
