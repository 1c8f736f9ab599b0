"""The fundus page: what a photograph shows, what is kept, and how a scan finds the page where it belongs."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from octcore import models
from octcore.phantom import fundus, fundus_png_bytes, png_bytes
from octcore.readers import read
from octcore.store import Store, User
from octcore.taxonomy import FUNDUS_LABELS
from tests.pages.conftest import ROOT, Open, drop, texts
from ui.result_view import analyse
from ui.words import TABLES

pytestmark = pytest.mark.usefixtures("photographs")
EN = TABLES["en"]


def unmarked(seed: int = 3) -> bytes:
    """A drawn photograph without the mark that calls it synthetic."""
    out = io.BytesIO()
    Image.fromarray(fundus(seed=seed)).save(out, "JPEG", quality=92)
    return out.getvalue()


def at(page: str, username: str = "ann") -> AppTest:
    """A page as the dashboard runs it, so that it can lead to another."""
    app = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=60)
    app.session_state["username"] = username
    app.session_state["authentication_status"] = True
    app.session_state["language"] = "en"
    return app.run().switch_page(f"pages/{page}.py").run()


def test_a_photograph_shows_its_verdict_and_is_kept_as_one(open_page: Open, store: Store, ann: User) -> None:
    app = drop(open_page("fundus"), ("eye.jpg", unmarked()))
    (kept,), total = store.results(ann.id)
    assert (total, kept.file_name, kept.task) == (1, "eye.jpg", "fundus")
    assert kept.label in FUNDUS_LABELS and set(kept.result["probabilities"]) == set(FUNDUS_LABELS)
    assert sum(kept.result["probabilities"].values()) == pytest.approx(1, abs=1e-4)
    assert kept.label in kept.result["prediction_set"]
    assert [m.value for m in app.metric] == [f"{kept.probability:.1%}"]
    said = texts(app)
    for part in ("name", "what", "looks", "next", "cite"):
        assert EN[f"disease.{kept.label}.{part}"] in said
    assert all(EN[f"short.{label}"] in said for label in kept.result["prediction_set"])
    assert kept.version in said and "Not a medical device" in said and "drawn scan" not in said
    heat = Image.open(io.BytesIO(store.file_bytes(ann.id, kept.id, "heatmap")))
    assert heat.mode == "RGBA" and heat.width == heat.height


def test_somebody_without_a_photograph_tries_a_synthetic_one(open_page: Open, store: Store, ann: User) -> None:
    app = open_page("fundus")
    assert not app.metric and EN["fundus.nothing"] in texts(app)
    app.button(key="try-fundus").click().run()
    assert not app.exception and app.metric and EN["caveat.synthetic"] in texts(app)
    assert store.results(ann.id)[0][0].result["synthetic"]


def test_a_drawn_photograph_is_the_same_for_a_seed_and_known_as_synthetic() -> None:
    assert fundus_png_bytes(2) == fundus_png_bytes(2) != fundus_png_bytes(3)
    scan = read(fundus_png_bytes(), "a.png")
    assert scan.synthetic and scan.modality == "fundus" and scan.pixels[0, 0].max() == 0


def test_several_photographs_are_never_one_volume(open_page: Open, store: Store, ann: User) -> None:
    app = drop(open_page("fundus"), ("a.jpg", unmarked(1)), ("b.jpg", unmarked(2)))
    assert store.results(ann.id)[1] == 2
    assert not [b for b in app.button if b.key and b.key.endswith("as-one")]


def test_opened_again_from_the_history_nothing_is_computed(store: Store, ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    result, known = analyse(store, ann, unmarked(), "eye.jpg", "ensemble", "fundus")
    assert not known and analyse(store, ann, unmarked(), "again.jpg", "ensemble", "fundus") == (result, True)

    def refuse(*args: object) -> None:
        raise AssertionError("a network ran")

    monkeypatch.setattr("octcore.engine.Network.run", refuse)
    app = at("history")
    app.button(key=f"open-{result.id}").click().run()
    assert not app.exception and [m.value for m in app.metric] == [f"{result.probability:.1%}"]
    assert EN[f"disease.{result.label}.what"] in texts(app)


def test_the_history_tells_photographs_from_scans(open_page: Open, store: Store, ann: User) -> None:
    analyse(store, ann, unmarked(), "photo.jpg", "ensemble", "fundus")
    analyse(store, ann, png_bytes("DME"), "scan.png", "ensemble")
    app = open_page("history")
    assert not app.exception and "photo" in texts(app) and "scan" in texts(app)
    app.multiselect(key="history_tasks").set_value(["fundus"]).run()
    assert "photo" in texts(app) and "scan.png" not in texts(app)
    label = store.results(ann.id, tasks=("fundus",))[0][0].label
    app.multiselect(key="history_tasks").set_value([]).run()
    app.multiselect(key="history_labels").set_value([label]).run()
    assert not app.exception and "photo" in texts(app) and "scan.png" not in texts(app)
    assert not set(app.multiselect(key="history_labels").options) & set(FUNDUS_LABELS), "names, not codes"


@pytest.mark.parametrize("page", ["oct", "segmentation"])
def test_a_photograph_dropped_elsewhere_is_taken_along_with_one_click(page: str, store: Store, ann: User) -> None:
    app = at(page)
    drop(app, ("eye.jpg", unmarked()), ("other.jpg", unmarked(5)), ("scan.png", png_bytes("DME")))
    assert [e.value for e in app.error] == [EN["quality.is_fundus"].format(name=n) for n in ("eye.jpg", "other.jpg")]
    assert store.results(ann.id)[1] == 1
    first = next(b for b in app.button if b.key and b.key.startswith("to-fundus-"))
    assert first.label == EN["carry.all_to_fundus"].format(count=2)
    first.click().run()
    assert not app.exception and not app.error
    assert {r.file_name for r in store.results(ann.id, tasks=("fundus",))[0]} == {"eye.jpg", "other.jpg"}
    assert EN["fundus.title"] in [s.value for s in app.subheader] and len(app.metric) == 2
    app.switch_page("pages/fundus.py").run()  # AppTest itself stays where it was
    assert len(app.metric) == 2 and not any("before" in i.value for i in app.info), "a rerun is no second drop"
    next(b for b in app.button if b.key and b.key.startswith("away-")).click().run()
    assert not app.exception and len(app.metric) == 1


@pytest.mark.parametrize("page", ["oct", "segmentation"])
def test_a_b_scan_dropped_on_the_fundus_page_goes_where_it_belongs(page: str, store: Store, ann: User) -> None:
    app = at("fundus")
    drop(app, ("scan.png", png_bytes("DME")))
    assert [e.value for e in app.error] == [EN["quality.is_oct"].format(name="scan.png")] and not app.metric
    button = next(b for b in app.button if b.key and b.key.startswith(f"to-{page}-"))
    assert button.label == EN[f"carry.to_{page}"]
    button.click().run()
    assert not app.exception and not app.error
    (kept,), _ = store.results(ann.id)
    assert (kept.file_name, kept.task) == ("scan.png", "segment" if page == "segmentation" else page)


def test_what_is_taken_along_is_not_the_next_persons(store: Store, ann: User) -> None:
    store.create_user("bob", "Bob", "bob@example.org", "no-hash")
    app = at("oct")
    drop(app, ("eye.jpg", unmarked()))
    next(b for b in app.button if b.key and b.key.startswith("to-fundus-")).click().run()
    assert app.metric
    app.session_state["username"] = "bob"
    app.switch_page("pages/fundus.py").run()
    assert not app.exception and not app.metric and "eye.jpg" not in texts(app).replace("\\", "")


def test_insisting_is_possible_on_either_side_and_the_result_says_so(open_page: Open, store: Store, ann: User) -> None:
    for page, data, caveat in (("fundus", png_bytes("DME"), "is_oct"), ("oct", unmarked(), "is_fundus")):
        app = drop(open_page(page), ("eye.png", data))
        next(b for b in app.button if b.key and b.key.startswith("insist-")).click().run()
        assert not app.exception and not app.error and app.metric
        (kept,), _ = store.results(ann.id, tasks=(page,))  # type: ignore[arg-type]
        assert caveat in kept.result["caveats"]
        said = [w.value for w in app.warning]
        assert said.count(EN[f"caveat.{caveat}"]) == 1
        assert EN["caveat.not_oct"] not in said and EN["caveat.not_fundus"] not in said, "said once"


def test_something_else_is_no_photograph_and_is_offered_nowhere(open_page: Open) -> None:
    out = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (300, 300, 3)).astype(np.uint8)).save(out, "PNG")
    app = drop(open_page("fundus"), ("noise.png", out.getvalue()))
    assert "does not look like a scan" in app.error[0].value
    assert not [b for b in app.button if b.key and b.key.startswith("to-")]


def test_without_a_model_of_photographs_the_page_says_so(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    known = [model for model in models.catalogue() if model.task != "fundus"]
    monkeypatch.setattr("octcore.models.catalogue", lambda: known)
    app = open_page("fundus")
    assert not app.exception and "fundus" in app.error[0].value and not app.file_uploader


def test_it_speaks_chinese(open_page: Open) -> None:
    app = drop(open_page("fundus", "zh"), ("a.jpg", unmarked()))
    assert app.metric[0].label == "校准概率" and app.subheader[0].value == "眼底照片"


@pytest.mark.usefixtures("shared_oct")
def test_real_photographs_get_their_own_name_mostly(store: Store, ann: User) -> None:
    """Test patients of the shared data, the classes that a photograph shows best."""
    if not any(model.task == "fundus" and model.version != "stand-in" for model in models.catalogue()):
        pytest.skip("no model of photographs is served yet")
    import csv

    from train.data import data_root

    folder = data_root() / "fundus_classification"
    with open(folder / "manifest.csv", newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["split"] == "test" and r["clean"] == "1"]
    right = asked = 0
    for label in ("normal", "cataract", "myopia"):
        for row in [r for r in rows if r["label"] == label][:5]:
            data = (folder / row["file"]).read_bytes()
            asked += 1
            right += analyse(store, ann, data, row["file"], "ensemble", "fundus")[0].label == label
    assert asked == 15 and right >= 10
