"""Both languages say everything, with the same placeholders; the code asks for no word that there is not."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

from octcore.taxonomy import FUNDUS_LABELS, NOT_DETECTED_YET, OCT_FAMILIES, OCT_LABELS
from ui.words import TABLES

ROOT = Path(__file__).resolve().parents[2]


def fields(text: str) -> set[str]:
    return {name.split(":")[0] for _, name, _, _ in Formatter().parse(text) if name}


def test_no_language_lacks_a_string_or_a_placeholder() -> None:
    english, chinese = TABLES["en"], TABLES["zh"]
    assert english.keys() == chinese.keys()
    for key in english:
        assert english[key].strip() and chinese[key].strip(), key
        assert fields(english[key]) == fields(chinese[key]), key


def test_chinese_is_chinese() -> None:
    same = {"app.name", "nav.oct", "models.class_auc"} | {k for k in TABLES["zh"] if k.endswith(".cite")}
    assert [k for k, text in TABLES["zh"].items() if k not in same and not re.search(r"[\u4e00-\u9fff]", text)] == []


def test_every_class_has_all_its_words() -> None:
    for label in (*OCT_LABELS, *OCT_FAMILIES, *FUNDUS_LABELS):
        for part in ("name", "what", "looks", "next", "cite"):
            assert f"disease.{label}.{part}" in TABLES["en"]
    for label in FUNDUS_LABELS:
        assert f"short.{label}" in TABLES["en"]
    for label in NOT_DETECTED_YET:
        assert f"disease.{label}.name" in TABLES["en"]


def test_the_code_asks_for_words_that_exist() -> None:
    files = [*(ROOT / "ui").glob("*.py"), *(ROOT / "pages").glob("*.py"), ROOT / "Home.py"]
    asked = {key for file in files for key in re.findall(r"\bt\(\s*\"([^\"{]+)\"", file.read_text())}
    assert asked and asked <= TABLES["en"].keys()
