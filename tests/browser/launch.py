"""Starts the dashboard for the browser tests, with one difference: the captcha's digits are always 4711.

The difference lives here, outside the product: no setting of the dashboard itself can switch its captcha off. Nothing of
the sign-in library may be imported before the server runs: its cookie component would register nowhere.
"""

from __future__ import annotations

import random
import string
import sys
from typing import Any

from streamlit.web import cli

CAPTCHA = "4711"
_choices = random.choices


def _known(population: Any, *args: Any, **options: Any) -> list[Any]:
    """`random.choices`, but for the captcha's own call."""
    return list(CAPTCHA) if population == string.digits else _choices(population, *args, **options)


if __name__ == "__main__":
    random.choices = _known  # type: ignore[assignment]
    sys.argv = ["streamlit", "run", "Home.py", *sys.argv[1:]]
    cli.main()
