"""The OCT page: what a drop shows, what it keeps, and what a bad file says."""

from __future__ import annotations

import io
import os

import pytest
from PIL import Image

from octcore.phantom import png_bytes
from octcore.store import Store, User
from tests.pages.conftest import Open, drop, texts

pytestmark = pytest.mark.usefixtures("weights")


def test_a_drop_shows_the_verdict_and_keeps_it(open_page: Open, store: Store, ann: User) -> None:
    app = drop(open_page("oct"), ("eye.png", png_bytes("DME", seed=3)))
    (kept,), total = store.results(ann.id)
    assert (total, kept.file_name) == (1, "eye.png")
    assert app.metric[0].value == f"{kept.probability:.1%}"
    said = texts(app)
    assert kept.version in said and " ms" in said and "Not a medical device" in said
    assert "Usual next step" in said and "Guideline" in said and "95 times in 100" in said
    assert kept.result["synthetic"] and "drawn scan" in said
    assert sum(p for n, p in kept.result["probabilities"].items() if n != "AMD") == pytest.approx(1, abs=1e-4)


def test_the_same_content_dropped_again_is_recognised_by_content(open_page: Open, store: Store, ann: User) -> None:
    scan = png_bytes("CNV", seed=1)
    first = drop(open_page("oct"), ("a.png", scan))
    assert not any("before" in i.value for i in first.info)
    assert not any("before" in i.value for i in first.run().info), "a rerun is no second drop"
    again = drop(first, ("other name.png", scan))
    assert any("before" in i.value and "a.png" in i.value for i in again.info)
    assert store.results(ann.id)[1] == 1


def test_two_scans_of_one_name_live_side_by_side(open_page: Open, store: Store, ann: User) -> None:
    drop(open_page("oct"), ("scan.png", png_bytes("NORMAL", seed=1)), ("scan.png", png_bytes("NORMAL", seed=2)))
    found, total = store.results(ann.id)
    assert total == 2 and {r.file_name for r in found} == {"scan.png"} and len({r.sha256 for r in found}) == 2


def test_a_bad_file_says_one_sentence_and_the_others_go_on(open_page: Open, store: Store, ann: User) -> None:
    good = png_bytes("MH", seed=5)
    tiny = io.BytesIO()
    Image.new("L", (20, 20)).save(tiny, "PNG")
    huge = io.BytesIO()
    Image.new("1", (10_001, 10_000)).save(huge, "PNG")
    app = drop(
        open_page("oct"),
        ("scan.png", b"only words"),
        ("cut.png", good[: len(good) // 2]),
        ("tiny.png", tiny.getvalue()),
        ("huge.png", huge.getvalue()),
        ("random.png", os.urandom(5000)),
        ("good.png", good),
    )
    assert len(app.error) == 5 and "no scan" in app.error[0].value
    assert [r.file_name for r in store.results(ann.id)[0]] == ["good.png"]
    assert len(app.metric) >= 1


def test_somebody_without_a_scan_tries_a_synthetic_one(open_page: Open) -> None:
    app = open_page("oct")
    assert not app.metric
    app.button(key="try-DRUSEN").click().run()
    assert not app.exception and app.metric and "drawn scan" in texts(app)


def test_a_file_name_is_shown_as_it_is(open_page: Open) -> None:
    app = drop(open_page("oct"), ("![x](http://evil).png", png_bytes("NORMAL")), ("b.png", b"no"))
    assert any("\\!\\[x\\]\\(http\\:\\/\\/evil\\).png" in m.value for m in app.markdown)


def test_a_known_scan_whose_files_are_gone_is_a_sentence_and_the_others_go_on(open_page: Open, store: Store, ann: User) -> None:
    app = drop(open_page("oct"), ("a.png", png_bytes("DME", seed=1)))
    for file in (store.folder / "files").rglob("*"):
        if file.is_file():
            file.unlink()
    again = drop(app, ("a.png", png_bytes("DME", seed=1)), ("b.png", png_bytes("MH", seed=1)))
    assert "missing from the data folder" in again.error[0].value and again.metric


def test_another_language_keeps_the_dropped_files(open_page: Open) -> None:
    app = drop(open_page("oct"), ("a.png", png_bytes("DME")))
    app.session_state["language"] = "zh"
    app.run()
    assert not app.exception and app.metric[0].label == "校准概率"


def test_it_speaks_chinese(open_page: Open) -> None:
    app = drop(open_page("oct", "zh"), ("a.png", png_bytes("DME")))
    assert app.metric[0].label == "校准概率"
