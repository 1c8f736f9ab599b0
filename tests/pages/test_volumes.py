"""Volumes on the pages: progress, cancelling, what is kept, the slices, the map, the eye's result, pictures as one volume.

The networks' own quality is tested elsewhere: stand-ins outline and classify what the phantoms drew.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from octcore.eye import eye_of
from octcore.phantom import Kind, bscan, png_bytes
from octcore.scan import Scan
from octcore.store import Result, Store, User
from octcore.taxonomy import OCT_LABELS
from octcore.volume import Cancelled, VolumeClassification, VolumeSegmentation, worst_first
from octcore.volume_files import outlines_of, slices_of
from tests.pages.conftest import Open
from ui.words import TABLES

EN = TABLES["en"]
KINDS: tuple[Kind, ...] = ("NORMAL", "DME", "NORMAL", "NORMAL", "DME")
DRAWN = [bscan(kind, seed=1) for kind in KINDS]
SLOW = {"segment": 0.0, "oct": 0.0}


def npz(spacing: tuple[float, float, float] | None = (0.24, 0.0039, 0.0117), side: str = "OD") -> bytes:
    out = io.BytesIO()
    known = {} if spacing is None else {"spacing_mm": np.array(spacing), "laterality": np.array(side)}
    np.savez(out, volume=np.stack([one.pixels for one in DRAWN]), **known)  # type: ignore[arg-type]
    return out.getvalue()


VOLUME = npz()


def steps(task: str, progress: Callable[[int, int], None], cancelled: Callable[[], bool]) -> None:
    for k in range(5):
        if cancelled():
            raise Cancelled
        time.sleep(SLOW[task])
        progress(k + 1, 5)


@pytest.fixture(autouse=True)
def runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    said: list[str] = []

    def segment_volume(scan: Scan, model: str, progress, cancelled) -> VolumeSegmentation:  # type: ignore[no-untyped-def]
        said.append("segment")
        steps("segment", progress, cancelled)
        lesions = np.stack([one.fluid for one in DRAWN]).astype(np.uint8)
        return VolumeSegmentation(model, "stand-in/volume-1", lesions, np.stack([one.surfaces for one in DRAWN]), 9.0)

    def classify_volume(scan: Scan, model: str, progress, cancelled) -> VolumeClassification:  # type: ignore[no-untyped-def]
        said.append("oct")
        steps("oct", progress, cancelled)
        p = np.full((5, len(OCT_LABELS)), 0.01)
        for k, kind in enumerate(KINDS):
            p[k, OCT_LABELS.index(kind)] = 0.93 - 0.01 * k
        p /= p.sum(axis=1, keepdims=True)
        heat = np.zeros((5, 100, 128), np.uint8)
        return VolumeClassification(model, "stand-in/volume-1", p, worst_first(p), eye_of(p, 0.15), heat, 9.0)

    SLOW.update(segment=0.0, oct=0.0)
    monkeypatch.setattr("octcore.volume.segment_volume", segment_volume)
    monkeypatch.setattr("octcore.volume.classify_volume", classify_volume)
    monkeypatch.setattr("octcore.models.catalogue", list)
    monkeypatch.setattr("octcore.models.members", lambda model, task: [])
    monkeypatch.setattr("octcore.models.version_of", lambda model, task: "stand-in")
    for place in ("segmentation", "result"):
        monkeypatch.setattr(f"ui.volume_{place}.caveats_of", lambda *_: [])
    for place in ("segmentation", "result"):
        monkeypatch.setattr(f"ui.{place}_view.caveats_of", lambda *_: [])
    return said


def drop(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    app.file_uploader[0].set_value([(name, data, "application/octet-stream") for name, data in files])
    app.run()
    assert not app.exception, app.exception
    return app


def until(app: AppTest, said: Callable[[], bool]) -> AppTest:
    """Run again, as the page does by itself, until that is so."""
    for _ in range(100):
        if said():
            return app
        time.sleep(0.05)
        app.run()
        assert not app.exception, app.exception
    raise AssertionError("it never came")


def texts(app: AppTest) -> str:
    return "\n".join(str(e.value) for e in (*app.markdown, *app.caption, *app.info, *app.warning, *app.success, *app.error))


def shown(app: AppTest) -> bool:
    return len(app.slider) > 0


def the_result(store: Store, user: User) -> Result:
    found, total = store.results(user.id)
    assert total == 1
    return found[0]


def table(app: AppTest) -> dict[str, str]:
    rows = app.table[0].value.reset_index(drop=True).to_numpy()
    return {str(name): str(value).replace("\u00a0", " ") for name, value in rows}


def test_a_volume_is_outlined_slice_by_slice_measured_and_kept(open_page: Open, store: Store, ann: User, runs: list[str]) -> None:
    app = drop(open_page("segmentation"), ("eye.npz", VOLUME))
    until(app, lambda: shown(app))
    kept = the_result(store, ann)
    assert (kept.label, kept.version, kept.task) == ("IRF", "stand-in/volume-1", "segment")
    lesions, surfaces = outlines_of(store.file_bytes(ann.id, kept.id, "volume"))
    assert np.array_equal(lesions, np.stack([one.fluid for one in DRAWN])) and surfaces.shape == (5, 8, 512)
    assert app.slider[0].value == 2 and app.slider[0].max == 5, "it begins at the slice with the most fluid"
    nl = lesions.sum() * 0.24 * 0.0039 * 0.0117 * 1000
    rows = table(app)
    assert rows[EN["volume.fluid"]] == f"{nl:.1f} nl" and rows[EN["volume.slices_with_fluid"]] == "2 / 5"
    assert EN["volume.central_subfield_thickness_um"] in rows
    assert not any("before" in i.value for i in app.info), "it was not there before"
    app.slider[0].set_value(4).run()
    assert not app.exception and app.slider[0].value == 4
    assert runs == ["segment"]


def test_it_is_recognised_and_opened_again_without_computing(open_page: Open, store: Store, ann: User, runs: list[str]) -> None:
    app = drop(open_page("segmentation"), ("eye.npz", VOLUME))
    until(app, lambda: shown(app))
    drop(app, ("other.npz", VOLUME))
    assert any("before" in i.value and "eye" in i.value for i in app.info)
    listed = open_page("history")
    assert any("nl" in m.value for m in listed.markdown)
    again = open_page("history", query={"result": the_result(store, ann).id})
    assert shown(again) and EN["volume.fluid"] in table(again) and runs == ["segment"]


def test_it_says_how_far_it_is_and_can_be_cancelled_and_begun_anew(
    open_page: Open, store: Store, ann: User, runs: list[str]
) -> None:
    SLOW["segment"] = 0.3
    app = drop(open_page("segmentation"), ("eye.npz", VOLUME))
    button = next(b for b in app.button if str(b.key).startswith("cancel-"))
    button.click().run()
    until(app, lambda: "cancelled" in texts(app))
    assert store.results(ann.id)[1] == 0
    SLOW["segment"] = 0.0
    next(b for b in app.button if str(b.key).startswith("again-")).click().run()
    until(app, lambda: shown(app))
    assert runs == ["segment", "segment"] and store.results(ann.id)[1] == 1


def test_distances_by_hand(open_page: Open, store: Store, ann: User) -> None:
    app = drop(open_page("segmentation"), ("eye.npz", npz(None)))
    until(app, lambda: shown(app))
    result = the_result(store, ann)
    assert "voxels" in table(app)[EN["volume.fluid"]]
    for name, value in (("slice", 240.0), ("axial", 3.9), ("lateral", 11.7)):
        app.number_input(key=f"{name}-distance-{result.id}").set_value(value).run()
        assert not app.exception
    assert table(app)[EN["volume.fluid"]].endswith(" nl")
    assert table(open_page("history", query={"result": result.id}))[EN["volume.fluid"]].endswith(" nl")


def test_a_volume_is_one_result_for_the_eye(open_page: Open, store: Store, ann: User, runs: list[str]) -> None:
    app = drop(open_page("oct"), ("eye.npz", VOLUME))
    until(app, lambda: shown(app))
    kept = the_result(store, ann)
    assert kept.label == "DME" and app.metric[0].value == f"{kept.probability:.1%}"
    probabilities, heat = slices_of(store.file_bytes(ann.id, kept.id, "volume"))
    assert probabilities.shape == (5, 8) and heat.shape == (5, 100, 128)
    assert kept.result["order"][:2] == [1, 4] and app.slider[0].value == 2
    assert EN["volume.rule"].format(slices=5) in texts(app) and "95 times in 100" not in texts(app)
    app.slider[0].set_value(1).run()
    assert "Slice 1: NORMAL" in texts(app)
    again = open_page("history", query={"result": kept.id})
    assert shown(again) and "Slice 2: DME" in texts(again) and runs == ["oct"]


def test_a_failure_is_said_and_forgotten(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    from octcore.models import ModelError

    def broken(*_: object) -> None:
        raise ModelError("weights are missing")

    monkeypatch.setattr("octcore.volume.classify_volume", broken)
    app = drop(open_page("oct"), ("eye.npz", npz((0.2, 0.004, 0.01))))
    until(app, lambda: len(app.error) > 0)
    assert "weights are missing" in app.error[0].value


def test_pictures_are_one_volume_only_when_somebody_says_so(open_page: Open, store: Store, ann: User) -> None:
    files = [(f"s{k}.png", png_bytes(kind, seed=k)) for k, kind in enumerate(KINDS)]
    for name, data in files:
        assert Image.open(io.BytesIO(data)).size == (512, 496), name

    app = open_page("segmentation")
    app.session_state["segmentation_one_volume"] = ""
    app.file_uploader[0].set_value([(name, data, "image/png") for name, data in files])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("octcore.segment.segment", lambda scan, model: (_ for _ in ()).throw(RuntimeError("one by one")))
        app.run()
    assert app.exception, "each is read alone"
    app.button(key="segmentation-as-one").click().run()
    until(app, lambda: shown(app))
    kept = the_result(store, ann)
    assert kept.file_name == "s0.png.zip" and kept.result["volume"] == 5
    assert app.button(key="segmentation-as-single")


def test_a_deleted_result_is_computed_anew(open_page: Open, store: Store, ann: User, runs: list[str]) -> None:
    app = drop(open_page("oct"), ("eye.npz", VOLUME))
    for _ in range(100):  # the tab is closed before it shows the result
        if store.results(ann.id)[1]:
            break
        time.sleep(0.05)
    store.delete_result(ann.id, the_result(store, ann).id)
    app = drop(open_page("oct"), ("eye.npz", VOLUME))
    until(app, lambda: shown(app))
    assert runs == ["oct", "oct"] and store.results(ann.id)[1] == 1
