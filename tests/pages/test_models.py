"""The models page shows the cards' own figures; the account page belongs to its owner."""

from __future__ import annotations

from pathlib import Path

import pytest

from octcore.models import catalogue, members, pool_weights
from tests.pages.conftest import Open
from tests.stand_in import with_photographs
from ui.cards import TASKS, measured


@pytest.mark.usefixtures("weights")
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_card_with_its_own_figures(open_page: Open, language: str) -> None:
    app = open_page("models", language)
    assert not app.exception
    shown = {m.value for m in app.metric}
    shares = dict(zip((m.id for m in members("ensemble", "fundus")), pool_weights("fundus", "ensemble") or [], strict=True))
    assert any(all(f"{name} {share:.0%}" in c.value for name, share in shares.items()) for c in app.caption)
    tables = iter(table.value for table in app.dataframe)
    for model in (model for task in TASKS for model in measured(task)):
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
        if model.card.get("subgroups"):
            assert len(next(tables)) == sum(len(groups) for groups in model.card["subgroups"].values())


@pytest.mark.usefixtures("weights")
def test_photographs_have_cards_and_a_model_that_was_not_measured_has_none(
    open_page: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = with_photographs(tmp_path / "weights")
    (folder / "fundus-cnn" / "card.json").unlink()
    monkeypatch.setenv("OCTCORE_WEIGHTS", str(folder))
    app = open_page("models")
    assert not app.exception and {model.task for model in catalogue()} == {"oct", "fundus", "segment"}
    said = [m.value for m in app.markdown]
    assert "#### fundus-resnet18" in said and "#### fundus-cnn" not in said
    groups = next(table.value for table in app.dataframe if "Group" in table.value)
    assert list(groups["Group"]) == ["Age under 40", "Age 70 and over", "Women", "Men"]
    assert list(groups["Macro AUC"]) == ["0.710", "0.710", "0.710", "–"]


def test_without_weights_it_says_so(open_page: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OCTCORE_WEIGHTS", str(tmp_path))
    for page in ("models", "oct", "fundus", "segmentation"):
        app = open_page(page)
        assert not app.exception and "MANIFEST" in app.error[0].value
