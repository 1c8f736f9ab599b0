"""What classes and lesions are called where there is little room: in charts, tables and lists."""

from __future__ import annotations

from collections.abc import Sequence

from octcore.taxonomy import FUNDUS_LABELS, LESIONS, OCT_LABELS
from ui.words import TABLES, t


def short(label: str) -> str:
    """A class's short name. The OCT classes are known by their codes."""
    return t(f"short.{label}") if label in FUNDUS_LABELS else label


def shorts(labels: Sequence[str]) -> str:
    """Several, in a row."""
    return ", ".join(short(label) for label in labels)


def listed(label: str) -> str:
    """What a class or lesion is called in a list of all of them, where those of every task stand together."""
    if f"history.label.{label}" in TABLES["en"]:
        return t(f"history.label.{label}")
    known_disease = label in OCT_LABELS or label in FUNDUS_LABELS
    return t(f"lesion.{label}") if label in LESIONS and not known_disease else t(f"disease.{label}.name")
