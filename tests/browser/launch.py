"""Starts the dashboard for the browser tests, with one difference: the captcha's digits are always 4711.

The difference lives here, outside the product: no setting of the dashboard itself can switch its captcha off.
"""

from __future__ import annotations

import random
import sys
from types import SimpleNamespace

from streamlit.web import cli
from streamlit_authenticator.utilities import helpers

CAPTCHA = "4711"

if __name__ == "__main__":
    helpers.random = SimpleNamespace(choices=lambda *_, **__: list(CAPTCHA), choice=random.choice)
    sys.argv = ["streamlit", "run", "Home.py", *sys.argv[1:]]
    cli.main()
