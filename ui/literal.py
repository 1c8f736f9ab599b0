"""Text that others wrote (file names), safe to put into Markdown."""

from __future__ import annotations

import re


def literal(text: str) -> str:
    """The text with every mark of Markdown escaped, on one line: `a_*b*.png` is shown as it is, a link stays text."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(text.split()))
