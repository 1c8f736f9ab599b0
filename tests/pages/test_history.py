"""The history: list, filter, pages, open again as it was, delete; and nobody else's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from octcore import classify
from octcore.phantom import png_bytes
from octcore.store import Store, User
from tests.pages.conftest import Open

PICTURE = png_bytes("NORMAL", seed=1)
PROBABILITIES = {
    "NORMAL": 0.01,
    "DRUSEN": 0.05,
    "CNV": 0.9,
    "DME": 0.04,
    "MH": 0.0,
    "ERM": 0.0,
    "RVO": 0.0,
    "VID": 0.0,
    "AMD": 0.95,
}


def keep(store: Store, user: User, name: str, label: str = "CNV", probability: float = 0.9) -> str:
    result: dict[str, Any] = {
        "probabilities": PROBABILITIES,
        "uncertainty": 0.2,
        "prediction_set": ["CNV", "DRUSEN"],
        "caveats": ["uncertain"],
        "milliseconds": 41.0,
        "synthetic": False,
        "format": "PNG",
        "size": [496, 512],
    }
    return store.save_result(
        user.id,
        scan_bytes=PICTURE,
        file_name=name,
        sha256=name,
        result=result,
        thumbnail_png=PICTURE,
        heatmap_png=PICTURE,
        label=label,
        probability=probability,
        model="ensemble",
        version="net@1",
    )


def names(app: AppTest) -> list[str]:
    """File names of the list, in its order."""
    assert not app.exception
    return [m.value.split("**")[1].replace("\\", "") for m in app.markdown if m.value.startswith("**") and " · " in m.value]


def test_an_empty_history_says_what_to_do(open_page: Open) -> None:
    app = open_page("history")
    assert not app.exception and "Nothing here yet" in app.info[0].value


def test_search_labels_and_sort(open_page: Open, store: Store, ann: User) -> None:
    for name, label, probability in (("b.png", "CNV", 0.7), ("a.png", "DME", 0.9), ("c.png", "DME", 0.8)):
        keep(store, ann, name, label, probability)
    app = open_page("history")
    assert names(app) == ["c.png", "a.png", "b.png"]
    assert names(app.selectbox(key="history_sort").set_value("name").run()) == ["a.png", "b.png", "c.png"]
    assert names(app.selectbox(key="history_sort").set_value("probability").run()) == ["a.png", "c.png", "b.png"]
    assert names(app.multiselect(key="history_labels").set_value(["CNV"]).run()) == ["b.png"]
    assert names(app.text_input(key="history_search").set_value("zzz").run()) == []
    assert "No result matches" in app.info[0].value


def test_another_language_keeps_what_was_chosen(open_page: Open, store: Store, ann: User) -> None:
    for name, label in (("b.png", "CNV"), ("a.png", "DME"), ("c.png", "DME")):
        keep(store, ann, name, label)
    app = open_page("history")
    app.multiselect(key="history_labels").set_value(["DME"]).run()
    app.selectbox(key="history_sort").set_value("name").run()
    app.session_state["language"] = "zh"
    assert names(app.run()) == ["a.png", "c.png"] and app.multiselect(key="history_labels").value == ["DME"]


def test_dates_bound_the_list(open_page: Open, store: Store, ann: User) -> None:
    result = store.result(ann.id, keep(store, ann, "now.png"))
    assert result
    app, today = open_page("history"), result.created_at.date()
    assert names(app.date_input(key="history_dates").set_value((today, today)).run()) == ["now.png"]
    past = today.replace(year=today.year - 1)
    assert names(app.date_input(key="history_dates").set_value((past, past)).run()) == []


def test_pages(open_page: Open, store: Store, ann: User) -> None:
    for k in range(12):
        keep(store, ann, f"{k:02}.png")
    app = open_page("history")
    assert len(names(app)) == 10
    app.pagination[0].set_value(2).run()
    assert names(app) == ["01.png", "00.png"]
    app.text_input(key="history_search").set_value("11").run()
    assert names(app) == ["11.png"], "a new search starts at its first page"
    app.text_input(key="history_search").set_value("").run()
    app.selectbox(key="history_size").set_value(25).run()
    assert len(names(app)) == 12 and not app.pagination


def test_deleting_the_last_of_the_last_page_shows_the_page_before(open_page: Open, store: Store, ann: User) -> None:
    ids = [keep(store, ann, f"{k:02}.png") for k in range(11)]
    app = open_page("history")
    app.pagination[0].set_value(2).run()
    assert names(app) == ["00.png"]
    app.button(key=f"delete-{ids[0]}").click().run()
    assert store.results(ann.id)[1] == 11, "the button only asks"
    app.button(key="delete-yes").click().run()
    assert store.results(ann.id)[1] == 10 and len(names(app)) == 10


def test_opened_again_it_is_what_was_saved_and_nothing_is_computed(
    open_page: Open, store: Store, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr(classify, "classify", never)
    monkeypatch.setattr("ui.result_view.classify", never)
    monkeypatch.setattr("octcore.models.network", never)
    monkeypatch.setenv("OCTCORE_WEIGHTS", str(Path("/nowhere")))
    app = open_page("history", query={"result": keep(store, ann, "eye_1.png")})
    assert not app.exception
    assert [m.value for m in app.metric] == ["90.0%", "95.0%"]
    assert any("41 ms" in c.value and "net@1" in c.value for c in app.caption)
    assert any("CNV, DRUSEN" in m.value for m in app.markdown) and app.warning


def test_open_and_back(open_page: Open, store: Store, ann: User) -> None:
    name = keep(store, ann, "eye.png")
    app = open_page("history")
    app.button(key=f"open-{name}").click().run()
    assert app.metric and not app.exception
    app.button(key="back").click().run()
    assert names(app) == ["eye.png"]


def test_nobody_opens_anothers_result(open_page: Open, store: Store, ann: User) -> None:
    store.create_user("bob", "Bob", "bob@example.org", "no-hash")
    name = keep(store, ann, "eye.png")
    for query in ({"result": name}, {"result": "x' or 1=1 --"}):
        app = open_page("history", query=query, username="bob")
        assert not app.metric and "no such result" in app.warning[0].value
    assert names(open_page("history", username="bob")) == []


def test_it_speaks_chinese(open_page: Open, store: Store, ann: User) -> None:
    keep(store, ann, "a.png")
    assert open_page("history", "zh").subheader[0].value == "历史记录"
