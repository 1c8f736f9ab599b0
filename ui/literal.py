"""Text that others wrote (file names), safe to put into Markdown."""

from __future__ import annotations

import re


def literal(text: str) -> str:
    """The text on one line, with the marks of Markdown escaped: `a_*b*.png` is shown as it is, a link stays text."""
    return re.sub(r"([\\`*_{}\[\]()<>#$:!|~&@/])", r"\\\1", " ".join(text.split()))
