"""The segmentation page: what a drop shows and keeps, corrections, pixel sizes, downloads; and nobody else's.

The network's own quality is tested elsewhere: here a stand-in outlines what the phantom drew.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from octcore.phantom import KINDS, Kind, bscan, png_bytes
from octcore.report import everything_npz, labels_of, measurements_csv, overlay_png, surfaces_of
from octcore.scan import Scan
from octcore.segment import Segmentation
from octcore.store import Result, Store, User
from octcore.taxonomy import LAYERS, LESIONS
from tests.pages.conftest import Open
from ui.layers_viewer import pack
from ui.words import TABLES

EN = TABLES["en"]
SCAN = png_bytes("DME", seed=1)
DRAWN = bscan("DME", seed=1)


def drawn_like(scan: Scan) -> tuple[np.ndarray, np.ndarray]:
    for kind in KINDS:
        phantom = bscan(kind, seed=1)
        if np.array_equal(phantom.pixels, scan.grey):
            return phantom.fluid.astype(np.uint8), phantom.surfaces
    return np.zeros(scan.grey.shape, np.uint8), np.full((8, scan.grey.shape[1]), np.nan, np.float32)


@pytest.fixture(autouse=True)
def runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A stand-in for the network; the list grows by a model's name with each inference."""
    said: list[str] = []

    def segment(scan: Scan, model: str = "ensemble") -> Segmentation:
        said.append(model)
        lesions, surfaces = drawn_like(scan)
        return Segmentation(model, "stand-in@1", lesions, surfaces, 7.0, ("synthetic",) if scan.synthetic else ())

    monkeypatch.setattr("octcore.segment.segment", segment)
    monkeypatch.setattr("octcore.models.catalogue", list)
    monkeypatch.setattr("octcore.models.members", lambda model, task: [])
    monkeypatch.setattr("octcore.models.version_of", lambda model, task: "stand-in@1")
    return said


def drop(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    app.file_uploader[0].set_value([(name, data, "image/png") for name, data in files])
    app.run()
    assert not app.exception
    return app


def the_result(store: Store, user: User) -> Result:
    found, total = store.results(user.id, tasks=["segment"])
    assert total == 1
    return found[0]


def table(app: AppTest) -> dict[str, list[str]]:
    """The measurements' rows: name to the columns' values."""
    frame = app.table[0].value
    return {str(row[0]): [str(v).replace("\u00a0", " ") for v in row[1:]] for row in frame.reset_index(drop=True).to_numpy()}


def texts(app: AppTest) -> str:
    return "\n".join(str(e.value) for e in (*app.markdown, *app.caption, *app.info, *app.warning, *app.success, *app.error))


def painted(result: Result, where: tuple[slice, slice], value: int, mask_id: str = "original") -> dict[str, object]:
    """What the browser sends after somebody painted a block."""
    lesions = DRAWN.fluid.astype(np.uint8)
    lesions[where] = value
    height, width = lesions.shape
    name = f"{result.id}/{mask_id}"
    return {"id": name, "width": width, "height": height, "mask": pack(lesions), "note": "too small", "nonce": "1"}


def test_a_drop_is_outlined_measured_and_kept(open_page: Open, store: Store, ann: User) -> None:
    app = drop(open_page("segmentation"), ("eye.png", SCAN))
    kept = the_result(store, ann)
    assert (kept.file_name, kept.label, kept.version) == ("eye.png", "IRF", "stand-in@1")
    assert np.array_equal(labels_of(store.file_bytes(ann.id, kept.id, "lesions")), DRAWN.fluid)
    assert np.array_equal(surfaces_of(store.file_bytes(ann.id, kept.id, "surfaces")), DRAWN.surfaces)
    rows = table(app)
    assert rows[EN["measure.fluid_area"]] == [f"{DRAWN.fluid.sum():,} px"]
    thickness = float((DRAWN.surfaces[7] - DRAWN.surfaces[0]).mean())
    assert rows[EN["measure.retina_thickness_mean"]] == [f"{thickness:.1f} px"]
    assert all(EN["measure.layer"].format(name=name) in rows for name in LAYERS)
    said = texts(app)
    assert EN["caveat.synthetic"] in said and "stand-in@1" in said and "Not a medical device" in said


def test_the_same_content_is_recognised_and_not_computed_again(open_page: Open, store: Store, ann: User, runs: list[str]) -> None:
    app = drop(open_page("segmentation"), ("a.png", SCAN))
    assert not any("before" in i.value for i in app.run().info), "a rerun is no second drop"
    drop(app, ("other.png", SCAN))
    assert any("before" in i.value and "a.png" in i.value for i in app.info)
    assert runs == ["ensemble"] and store.results(ann.id)[1] == 1


def test_a_bad_file_says_one_sentence_and_the_others_go_on(open_page: Open, store: Store, ann: User) -> None:
    app = drop(open_page("segmentation"), ("bad.png", b"words"), ("good.png", SCAN))
    assert [e.value for e in app.error] == [EN["error.not_an_image"].format(name="bad.png")]
    assert the_result(store, ann).file_name == "good.png"


def test_the_size_of_a_pixel_by_hand_is_kept_and_is_the_next_scans_start(open_page: Open, store: Store, ann: User) -> None:
    app = drop(open_page("segmentation"), ("a.png", SCAN))
    first = the_result(store, ann)
    app.number_input(key=f"axial-{first.id}").set_value(3.87).run()
    thickness = float((DRAWN.surfaces[7] - DRAWN.surfaces[0]).mean())
    assert table(app)[EN["measure.retina_thickness_mean"]] == [f"{thickness * 3.87:.0f} µm"]
    assert "px" in table(app)[EN["measure.fluid_area"]][0], "an area needs both"
    app.number_input(key=f"lateral-{first.id}").set_value(11.3).run()
    area = DRAWN.fluid.sum() * 0.00387 * 0.0113
    assert table(app)[EN["measure.fluid_area"]] == [f"{area:.4f} mm²"]
    drop(app, ("b.png", png_bytes("MH", seed=1)))
    assert "mm²" in table(app)[EN["measure.fluid_area"]][0]
    again = open_page("history", query={"result": first.id})  # another session
    assert table(again)[EN["measure.fluid_area"]] == [f"{area:.4f} mm²"]
    again.number_input(key=f"axial-{first.id}").set_value(None).run()
    assert "px" in table(again)[EN["measure.fluid_area"]][0]


def test_a_correction_is_kept_beside_the_models_and_measured(
    open_page: Open, store: Store, ann: User, save: Callable[[AppTest, object], AppTest]
) -> None:
    app = drop(open_page("segmentation"), ("a.png", SCAN))
    result = the_result(store, ann)
    save(app, painted(result, (slice(10, 20), slice(30, 50)), 2))
    (review,) = store.reviews(ann.id, result.id)
    assert review.note == "too small" and EN["seg.saved"] in texts(app)
    assert np.array_equal(labels_of(store.file_bytes(ann.id, result.id, "lesions")), DRAWN.fluid), "the original stays"
    srf = EN["measure.area"].format(name=EN["lesion.SRF"])
    before, after = f"{DRAWN.fluid.sum():,} px", f"{DRAWN.fluid.sum() + 200:,} px"
    assert table(app)[EN["measure.fluid_area"]] == [after, before]

    assert any(c.value.endswith("corrected") for c in open_page("history").caption)
    again = open_page("history", query={"result": result.id})  # a reload
    assert again.radio[0].value == review.id and "too small" in texts(again)
    assert table(again)[srf] == ["200 px", "0 px"]
    again.radio[0].set_value("original").run()
    assert table(again)[EN["measure.fluid_area"]] == [before]
    again.run()
    assert len(store.reviews(ann.id, result.id)) == 1
    store.delete_result(ann.id, result.id)
    with pytest.raises(KeyError):
        store.review_mask(ann.id, review.id)


@pytest.mark.parametrize(
    "spoil",
    [
        {"mask": pack(np.zeros((3, 3), np.uint8))},
        {"mask": "no base64"},
        {"mask": None},
        {"mask": pack(np.full(DRAWN.fluid.shape, 9, np.uint8))},
        {"mask": pack(np.zeros((4096, 4096), np.uint8))},
        {"width": 3},
        {"id": "another/original"},
        {"note": ["x"]},
    ],
)
def test_what_is_no_mask_of_this_scan_is_refused(
    open_page: Open, store: Store, ann: User, save: Callable[[AppTest, object], AppTest], spoil: dict[str, object]
) -> None:
    app = drop(open_page("segmentation"), ("a.png", SCAN))
    result = the_result(store, ann)
    save(app, painted(result, (slice(10, 20), slice(30, 50)), 2) | spoil)
    assert [e.value for e in app.error] == [EN["seg.bad_correction"]]
    assert store.reviews(ann.id, result.id) == []


def test_opened_again_nothing_is_computed(open_page: Open, store: Store, ann: User, runs: list[str]) -> None:
    drop(open_page("segmentation"), ("eye_1.png", SCAN))
    app = open_page("history")
    assert any(EN["task.segment"] in m.value and "IRF" in m.value and "px" in m.value for m in app.markdown)
    app.button(key=f"open-{the_result(store, ann).id}").click().run()
    assert not app.exception and table(app)[EN["measure.fluid_area"]] and runs == ["ensemble"]


def test_the_history_parts_tasks_and_finds_lesions(open_page: Open, store: Store, ann: User) -> None:
    drop(open_page("segmentation"), ("fluid.png", SCAN), ("clean.png", png_bytes("NORMAL", seed=1)))
    app = open_page("history")

    def listed() -> list[str]:
        assert not app.exception
        return [m.value.split("**")[1].replace("\\", "") for m in app.markdown if m.value.startswith("**") and " · " in m.value]

    assert listed() == ["clean.png", "fluid.png"] and EN["lesion.NONE"] in texts(app)
    app.multiselect(key="history_labels").set_value(["IRF"]).run()
    assert listed() == ["fluid.png"]
    app.multiselect(key="history_tasks").set_value(["oct"]).run()
    assert listed() == []
    app.multiselect(key="history_labels").set_value([])
    app.multiselect(key="history_tasks").set_value(["segment"]).run()
    assert len(listed()) == 2


def test_lost_files_are_a_sentence_and_the_other_scans_go_on(open_page: Open, store: Store, ann: User) -> None:
    drop(open_page("segmentation"), ("lost.png", SCAN))
    row = store._connection.execute("select lesions_file from results where id = ?", (the_result(store, ann).id,)).fetchone()
    store._path(row[0]).unlink()
    app = drop(open_page("segmentation"), ("lost.png", SCAN), ("other.png", png_bytes("MH", seed=1)))
    assert [e.value for e in app.error] == [EN["history.lost"]] and app.table


def test_nobody_opens_anothers_segmentation(open_page: Open, store: Store, ann: User) -> None:
    drop(open_page("segmentation"), ("eye.png", SCAN))
    store.create_user("bob", "Bob", "bob@example.org", "no-hash")
    app = open_page("history", query={"result": the_result(store, ann).id}, username="bob")
    assert not app.table and EN["history.gone"] in texts(app)


@pytest.mark.parametrize("kind", ["NORMAL", "MH"])
def test_a_synthetic_scan_can_be_tried(open_page: Open, kind: Kind) -> None:
    app = open_page("segmentation")
    app.button(key=f"try-{kind}").click().run()
    assert not app.exception and table(app) and (EN["seg.none"] in texts(app)) == (kind == "NORMAL")


def test_a_scan_without_layers_is_shown_too(open_page: Open) -> None:
    app = drop(open_page("segmentation"), ("strange.png", png_bytes("NORMAL", seed=9)))  # one that the stand-in does not know
    assert list(table(app)) == [EN["measure.fluid_area"]]


def test_an_old_result_of_a_volume_says_that_the_middle_is_outlined(open_page: Open, store: Store, ann: User) -> None:
    drop(open_page("segmentation"), ("volume.tif", SCAN))
    result = the_result(store, ann)
    store.annotate(ann.id, result.id, {"slices": 3})  # as they were saved when only one slice of a volume was read
    assert EN["seg.middle"].format(slices=3) in texts(open_page("history", query={"result": result.id}))


def test_it_speaks_chinese(open_page: Open) -> None:
    app = drop(open_page("segmentation", "zh"), ("a.png", SCAN))
    assert app.subheader[0].value == TABLES["zh"]["seg.title"] and "积液合计" in table(app)


def test_the_downloads_hold_what_they_say() -> None:
    lesions, surfaces = DRAWN.fluid.astype(np.uint8), DRAWN.surfaces
    with np.load(io.BytesIO(everything_npz(lesions, surfaces, (0.004, None)))) as archive:
        assert np.array_equal(archive["lesions"], lesions) and np.array_equal(archive["surfaces"], surfaces)
        assert archive["layers"].max() == len(LAYERS) and list(archive["lesion_names"][1:]) == list(LESIONS)
        assert archive["spacing_mm"][0] == 0.004 and np.isnan(archive["spacing_mm"][1])
    drawn = np.asarray(Image.open(io.BytesIO(overlay_png(DRAWN.pixels, lesions, surfaces))))
    assert drawn.shape == (*DRAWN.pixels.shape, 3)
    grey = DRAWN.pixels[0, 0]
    assert tuple(drawn[0, 0]) == (grey, grey, grey) and len(set(drawn[DRAWN.fluid][0].tolist())) > 1
    rows = list(csv.reader(io.StringIO(measurements_csv({"original": {"a_px": 1.5}}, {"file": "=1+1"}).decode("utf-8-sig"))))
    assert rows == [["file", "mask", "measurement", "value"], ["'=1+1", "original", "a_px", "1.5"]]
