"""The models page shows the cards' own figures; the account page belongs to its owner."""

from __future__ import annotations

from pathlib import Path

import pytest

from octcore.models import catalogue, ensemble
from tests.pages.conftest import Open


@pytest.mark.usefixtures("weights")
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_card_with_its_own_figures(open_page: Open, language: str) -> None:
    app = open_page("models", language)
    assert not app.exception
    shown = {m.value for m in app.metric}
    tables = iter(table.value for table in app.dataframe)
    together = ensemble()
    for model in ([together] if together else []) + catalogue():
        overall = model.card["test"]["overall"]
        assert any(model.card["limits"][0] in m.value for m in app.markdown)
        first, second = next(tables), next(tables)
        if model.task == "segment":
            protocol = model.card["protocol"]
            assert {f"{protocol['layers']['mean_dice']:.3f}", f"{protocol['fluid']['dice']:.3f}"} <= shown
            continue
        assert {f"{overall['macro_auc']:.3f}", f"{overall['accuracy']:.1%}", str(overall["groups"])} <= shown
        assert len(first) == len(model.card["test"]["sources"]) and len(second) == len(overall["per_class"])
        if model.card.get("leave_one_out"):
            assert len(next(tables)) == len(model.card["leave_one_out"])


def test_without_weights_it_says_so(open_page: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OCTCORE_WEIGHTS", str(tmp_path))
    for page in ("models", "oct"):
        app = open_page(page)
        assert not app.exception and "MANIFEST" in app.error[0].value
