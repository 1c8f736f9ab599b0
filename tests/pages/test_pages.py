"""Every page runs for a signed-in user, over a real store and the real model (Streamlit's AppTest)."""

from __future__ import annotations

from pathlib import Path

import bcrypt
import pytest
from streamlit.testing.v1 import AppTest

from octcore.models import catalogue
from octcore.phantom import bscan, png_bytes
from octcore.store import Store
from ui.result_view import analyse
from ui.viewer import scan_png
from ui.words import TABLES

ROOT = Path(__file__).resolve().parents[2]
EN = TABLES["en"]


@pytest.fixture
def store(home: Path) -> Store:
    return Store(home)


@pytest.fixture
def ada(store: Store) -> int:
    return store.create_user("ada", "Ada", "ada@example.org", bcrypt.hashpw(b"a long phrase", bcrypt.gensalt(4)).decode())


def page(name: str, user: str | None = "ada", language: str = "en") -> AppTest:
    test = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=60)
    if user:
        test.session_state["authentication_status"] = True
        test.session_state["username"] = user
    test.session_state["language"] = language
    test.run()
    return test.switch_page(name).run() if name != "Home.py" else test


def words_of(test: AppTest) -> str:
    parts = [test.title, test.subheader, test.markdown, test.caption, test.info, test.warning, test.error, test.success]
    return "\n".join(str(element.value) for part in parts for element in part)


def test_the_start_page_shows_each_models_own_figures(store: Store) -> None:
    test = page("Home.py", user=None)
    assert not test.exception
    said = words_of(test)
    for model in catalogue():
        overall = model.card["test"]["overall"]
        assert model.id in said
        if model.task == "segment":
            assert f"{overall['per_class']['DRUSEN']['dice']:.3f}" in said
            continue
        assert f"{overall['macro_auc']:.3f}" in said and f"{overall['accuracy']:.1%}" in said
    assert EN["app.not_a_device"] in said


def test_nobody_signed_out_sees_a_page(store: Store, ada: int) -> None:
    test = page("Home.py", user=None)
    assert not test.file_uploader and EN["sign.in"] in [tab.label for tab in test.tabs]


def test_a_wrong_password_is_refused_and_the_right_one_lets_in(store: Store, ada: int) -> None:
    test = page("Home.py", user=None)
    test.text_input[0].set_value("Ada")
    test.text_input[1].set_value("wrong")
    test.button[0].click().run()
    assert EN["sign.wrong"] in words_of(test)
    test.text_input[0].set_value("Ada")
    test.text_input[1].set_value("a long phrase")
    test.button[0].click().run()
    assert not test.exception
    assert EN["nav.signed_in_as"].format(name="Ada") in words_of(test)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.usefixtures("photographs")
@pytest.mark.parametrize("name", ["fundus", "oct", "segmentation", "history", "models", "account"])
def test_every_page_runs_in_both_languages(store: Store, ada: int, name: str, language: str) -> None:
    test = page(f"pages/{name}.py", language=language)
    assert not test.exception and not test.error


def test_a_dropped_scan_shows_its_verdict_and_is_saved(store: Store, ada: int) -> None:
    test = page("pages/oct.py")
    test.file_uploader[0].upload("left.png", scan_png(bscan("CNV", seed=9).pixels), "image/png").run()
    assert not test.exception
    results, total = store.results(ada)
    assert total == 1 and results[0].file_name == "left.png"
    said = words_of(test)
    assert EN[f"disease.{results[0].label}.what"] in said and EN[f"disease.{results[0].label}.cite"] in said
    assert f"{results[0].probability:.1%}" in [metric.value for metric in test.metric]
    assert results[0].version in said


def test_a_bad_file_is_one_sentence_and_the_others_go_on(store: Store, ada: int) -> None:
    test = page("pages/oct.py")
    good = scan_png(bscan("DME", seed=2).pixels)
    test.file_uploader[0].upload("scan.png", b"words", "image/png").upload("good.png", good, "image/png").run()
    assert not test.exception
    assert [e.value for e in test.error] == [EN["error.not_an_image"].format(name="scan.png")]
    assert store.results(ada)[1] == 1


def test_a_synthetic_scan_can_be_tried_and_is_called_synthetic(store: Store, ada: int) -> None:
    test = page("pages/oct.py")
    test.button(key="try-DME").click().run()
    assert not test.exception
    assert EN["caveat.synthetic"] in [i.value for i in test.info]


def test_the_same_scan_is_recognised_by_content(store: Store, ada: int) -> None:
    user = store.user("ada")
    assert user
    first, known = analyse(store, user, png_bytes("MH", 1), "a.png", "ensemble")
    assert not known
    again, known = analyse(store, user, png_bytes("MH", 1), "b.png", "ensemble")
    assert known and again == first
    other, known = analyse(store, user, png_bytes("MH", 2), "a.png", "ensemble")
    assert not known and other.id != first.id and store.results(ada)[1] == 2


def test_the_history_lists_opens_and_deletes_and_is_closed_to_others(store: Store, ada: int) -> None:
    user = store.user("ada")
    assert user
    result, _ = analyse(store, user, png_bytes("CNV", 1), "mine.png", "ensemble")
    test = page("pages/history.py")
    assert "mine.png" in words_of(test)
    test.button(key=f"open-{result.id}").click().run()
    assert f"{result.probability:.1%}" in [metric.value for metric in test.metric]

    store.create_user("eve", "Eve", "eve@example.org", "hash")
    spy = page("pages/history.py", user="eve")
    assert "mine.png" not in words_of(spy)
    spy.query_params["result"] = result.id
    spy.run()
    assert EN["history.gone"] in words_of(spy) and not spy.metric

    test = page("pages/history.py")
    test.button(key=f"delete-{result.id}").click().run()
    next(b for b in test.button if b.label == EN["history.delete_yes"]).click().run()
    assert store.results(ada)[1] == 0


def test_opening_again_computes_nothing(store: Store, ada: int, monkeypatch: pytest.MonkeyPatch) -> None:
    user = store.user("ada")
    assert user
    result, _ = analyse(store, user, png_bytes("CNV", 1), "mine.png", "ensemble")

    def refuse(*args: object) -> None:
        raise AssertionError("a network ran")

    monkeypatch.setattr("octcore.engine.Network.run", refuse)
    test = page("pages/history.py")
    test.button(key=f"open-{result.id}").click().run()
    assert not test.exception and test.metric


def test_signing_out_leaves_nothing_in_the_tab_for_the_next_person(store: Store, ada: int) -> None:
    test = page("Home.py")
    test.session_state["history_search"] = "my patient"
    test.session_state["carried"] = {(ada, "fundus"): [("1", "eye.jpg", b"")]}
    test.session_state["spacing_by_hand"] = [0.004, 0.01]
    next(b for b in test.button if b.label == EN["nav.sign_out"]).click().run()
    assert not test.exception and not test.session_state["username"]
    assert not [key for key in ("carried", "spacing_by_hand", "history_search") if key in test.session_state]


def test_a_deleted_account_is_signed_out(store: Store, ada: int) -> None:
    store.delete_user(ada)
    test = page("Home.py")
    assert not test.exception and EN["sign.in"] in [tab.label for tab in test.tabs]


def test_a_lost_file_is_a_sentence_and_the_list_goes_on(store: Store, ada: int) -> None:
    user = store.user("ada")
    assert user
    lost, _ = analyse(store, user, png_bytes("CNV", 1), "lost.png", "ensemble")
    analyse(store, user, png_bytes("MH", 1), "kept.png", "ensemble")
    for kind in ("scan", "thumbnail"):
        store._path(store._connection.execute(f"select {kind}_file from results where id = ?", (lost.id,)).fetchone()[0]).unlink()
    test = page("pages/history.py")
    assert not test.exception and "kept.png" in words_of(test)
    test.button(key=f"open-{lost.id}").click().run()
    assert not test.exception and EN["history.lost"] in words_of(test)
