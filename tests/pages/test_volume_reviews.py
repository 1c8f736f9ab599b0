"""A volume's slices corrected on the page: kept slice by slice, measured, switched back and forth, downloaded as shown."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from octcore.report import labels_of
from octcore.store import Result, Store, User
from octcore.volume_files import outlines_of
from tests.pages.conftest import Open
from tests.pages.test_volumes import DRAWN, EN, VOLUME, drop, runs, shown, texts, the_result, until
from ui.layers_viewer import pack

__all__ = ["runs"]
VOXEL = 0.24 * 0.0039 * 0.0117 * 1000
BLOCK = (slice(10, 30), slice(40, 70))
"""600 pixels of vitreous: no phantom has fluid there."""
ALL = np.stack([one.fluid for one in DRAWN]).astype(np.uint8)


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """The files that the page offered last, by their names' endings, as they would be made."""
    files: dict[str, bytes] = {}

    def row(result: Result, ways: Any, *, reviewed: bool, caption: str) -> None:
        files.clear()
        files.update({("reviewed-" if reviewed else "") + way.ending: way.make() for way in ways})

    monkeypatch.setattr("ui.volume_explore.download_row", row)
    return files


def painted(result: Result, index: int, value: int = 2, made_from: str = "original", nonce: str = "1") -> dict[str, object]:
    """What the browser sends after somebody painted the block on the model's outlines of a slice."""
    lesions = ALL[index].copy()
    lesions[BLOCK] = value
    height, width = lesions.shape
    name = f"{result.id}/{index}/{made_from}"
    return {"id": name, "width": width, "height": height, "mask": pack(lesions), "note": "missed", "nonce": nonce}


def columns(app: AppTest) -> dict[str, list[str]]:
    rows = app.table[0].value.reset_index(drop=True).to_numpy()
    return {str(row[0]): [str(v).replace("\u00a0", " ") for v in row[1:]] for row in rows}


@pytest.fixture
def opened(open_page: Open, store: Store, ann: User) -> tuple[AppTest, Result]:
    app = drop(open_page("segmentation"), ("eye.npz", VOLUME))
    until(app, lambda: shown(app))
    return app, the_result(store, ann)


def test_a_slice_is_corrected_measured_and_found_again(
    opened: tuple[AppTest, Result], open_page: Open, store: Store, ann: User, save: Callable[[AppTest, object], AppTest]
) -> None:
    app, result = opened
    assert not app.radio and columns(app)[EN["volume.fluid"]] == [f"{ALL.sum() * VOXEL:.1f} nl"]
    app.slider[0].set_value(3).run()
    save(app, painted(result, 2))
    (review,) = store.reviews(ann.id, result.id)
    assert (review.slice, review.note, review.by) == (2, "missed", "Ann")
    assert np.array_equal(outlines_of(store.file_bytes(ann.id, result.id, "volume"))[0], ALL), "the original stays"
    assert EN["volume.saved"].format(slice=3) in texts(app)
    before, after = f"{ALL.sum() * VOXEL:.1f} nl", f"{(ALL.sum() + 600) * VOXEL:.1f} nl"
    assert columns(app)[EN["volume.fluid"]] == [after, before]
    assert columns(app)[EN["volume.slices_with_fluid"]] == ["3 / 5", "2 / 5"]
    srf = EN["volume.lesion"].format(name=EN["lesion.SRF"])
    assert columns(app)[srf] == [f"{600 * VOXEL:.1f} nl", "0.0 nl"]
    central = columns(app)[EN["volume.central_subfield_thickness_um"]]
    assert central[0] == central[1], "no layer was corrected"

    save(app, painted(result, 0, nonce="2"))  # another slice than the slider's: the save says itself which
    assert [r.slice for r in store.reviews(ann.id, result.id)] == [0, 2]
    assert columns(app)[srf] == [f"{1200 * VOXEL:.1f} nl", "0.0 nl"]

    again = open_page("history", query={"result": result.id})  # a reload
    assert again.radio[0].value == "reviewed" and columns(again)[EN["volume.fluid"]][1] == before
    assert list(again.get("button_group")[0].options) == ["✎ 1", "✎ 3"]
    again.slider[0].set_value(3).run()
    assert "reviewed by Ann" in texts(again) and "missed" in texts(again)
    again.radio[0].set_value("original").run()
    assert columns(again)[EN["volume.fluid"]] == [before]
    assert any(c.value.endswith("corrected") for c in open_page("history").caption)
    assert store.delete_result(ann.id, result.id) and store.reviews(ann.id, result.id) == []
    with pytest.raises(KeyError):
        store.review_mask(ann.id, review.id)


def test_a_correction_is_corrected_and_taken_back(
    opened: tuple[AppTest, Result], store: Store, ann: User, save: Callable[[AppTest, object], AppTest]
) -> None:
    app, result = opened
    save(app, painted(result, 1))
    (first,) = store.reviews(ann.id, result.id)
    save(app, painted(result, 1, value=1, made_from=first.id, nonce="2"))
    newest, oldest = store.reviews(ann.id, result.id)
    assert oldest == first and (labels_of(store.review_mask(ann.id, newest.id))[BLOCK] == 1).all()
    assert columns(app)[EN["volume.fluid"]][0] == f"{(ALL.sum() + 600) * VOXEL:.1f} nl"
    app.button(key=f"take-back-{result.id}").click().run()
    assert not app.exception and EN["volume.taken_back"].format(slice=2) in texts(app)
    assert len(set(columns(app)[EN["volume.fluid"]])) == 1 and len(store.reviews(ann.id, result.id)) == 3
    assert not [b for b in app.button if b.key == f"take-back-{result.id}"]


def test_what_belongs_to_no_slice_is_refused(
    opened: tuple[AppTest, Result], store: Store, ann: User, save: Callable[[AppTest, object], AppTest]
) -> None:
    app, result = opened
    save(app, painted(result, 1))
    (review,) = store.reviews(ann.id, result.id)
    for k, spoil in enumerate(
        (
            {"id": f"{result.id}/5/original"},
            {"id": f"{result.id}/-1/original"},
            {"id": f"{result.id}/2/{review.id}"},  # a review of another slice
            {"id": f"another/1/{review.id}"},
            {"id": 3},
            {"mask": pack(np.zeros((3, 3), np.uint8))},
            {"mask": pack(np.full(ALL[0].shape, 9, np.uint8))},
        )
    ):
        save(app, painted(result, 1, nonce=f"bad {k}") | spoil)
        assert [e.value for e in app.error] == [EN["seg.bad_correction"]], spoil
    assert len(store.reviews(ann.id, result.id)) == 1


def test_the_downloads_hold_the_outlines_that_are_shown_and_say_which(
    opened: tuple[AppTest, Result], store: Store, ann: User, save: Callable[[AppTest, object], AppTest], offered: dict[str, bytes]
) -> None:
    app, result = opened
    app.slider[0].set_value(3).run()
    assert set(offered) == {
        "measurements.csv", "segmentation.npz", "thickness-map.csv", "slice-003-lesions.png", "slice-003-overlay.png",
    }  # fmt: skip
    table = list(csv.reader(io.StringIO(offered["thickness-map.csv"].decode("utf-8-sig"))))
    assert (len(table), len(table[0]), table[0][:2]) == (6, 513, ["slice", "thickness_um_1"])
    assert float(table[3][1]) == pytest.approx(float(DRAWN[2].surfaces[7, 0] - DRAWN[2].surfaces[0, 0]) * 3.9, rel=1e-3)
    save(app, painted(result, 2))
    wanted = ALL.copy()
    wanted[2][BLOCK] = 2
    with np.load(io.BytesIO(offered["reviewed-segmentation.npz"]), allow_pickle=False) as archive:
        assert np.array_equal(archive["lesions"], wanted)
        assert str(archive["mask"]).startswith("reviewed, slices 3, until 20") and list(archive["reviewed_slices"]) == [2]
        assert str(archive["reviews"][0]).startswith("Ann, 20")
    rows = list(csv.DictReader(io.StringIO(offered["reviewed-measurements.csv"].decode("utf-8-sig"))))
    found = {row["mask"].split(",")[0]: float(row["value"]) for row in rows if row["measurement"] == "fluid_volume_voxels"}
    assert found == {"reviewed": float((wanted > 0).sum()), "original": float(ALL.sum())}
    png = offered["reviewed-slice-003-lesions.png"]
    assert np.array_equal(labels_of(png), wanted[2])
    assert Image.open(io.BytesIO(png)).info["mask"].startswith("slice 3: review by Ann, 20")
    app.radio[0].set_value("original").run()
    with np.load(io.BytesIO(offered["segmentation.npz"]), allow_pickle=False) as archive:
        assert np.array_equal(archive["lesions"], ALL) and archive["mask"] == "original" and not len(archive["reviewed_slices"])
    assert Image.open(io.BytesIO(offered["slice-003-lesions.png"])).info["mask"] == "slice 3: original"


def test_nobody_else_sees_a_review(
    opened: tuple[AppTest, Result], open_page: Open, store: Store, save: Callable[[AppTest, object], AppTest]
) -> None:
    app, result = opened
    save(app, painted(result, 2))
    store.create_user("bob", "Bob", "bob@example.org", "no-hash")
    theirs = open_page("history", query={"result": result.id}, username="bob")
    assert not theirs.table and EN["history.gone"] in texts(theirs)
    own = drop(open_page("segmentation", username="bob"), ("eye.npz", VOLUME))  # the same content, his own result
    until(own, lambda: shown(own))
    assert not own.radio and len(columns(own)[EN["volume.fluid"]]) == 1
