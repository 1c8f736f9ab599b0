"""Right or left eye, by the words and names that files have for it."""

from __future__ import annotations

import re

from octcore.scan import Laterality

_EYES: dict[str, Laterality] = {"R": "OD", "L": "OS", "OD": "OD", "OS": "OS"}


def eye_of(word: str) -> Laterality | None:
    """The eye that R, L, OD or OS means, in letters of any case; None for any other word."""
    return _EYES.get(word.upper())


def eye_in(name: str) -> Laterality | None:
    """The eye in a file's name, where OD or OS stands between other signs than letters."""
    found = re.search(r"(?<![A-Za-z])O[DS](?![A-Za-z])", name)
    return eye_of(found.group()) if found else None
