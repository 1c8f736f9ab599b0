"""A volume in a real Chromium: outlined slice by slice, clicked on its map, a slice painted and found again; classified,
clicked on its profile."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from octcore.phantom import Kind, bscan
from octcore.report import labels_of
from octcore.store import Store
from octcore.volume_files import outlines_of
from tests.browser.conftest import Shots
from tests.browser.server import dashboard, free_port
from tests.browser.test_segmentation_journey import paint
from tests.browser.walk import go, register, settled, sign_in


def drawn(file: Path) -> None:
    """Nine slices, oedema in the middle three."""
    kinds: list[Kind] = ["NORMAL"] * 3 + ["DME"] * 3 + ["NORMAL"] * 3
    out = io.BytesIO()
    spacing = np.array([0.6, 0.0039, 0.0117])
    np.savez_compressed(out, volume=np.stack([bscan(k, seed=3).pixels for k in kinds]), spacing_mm=spacing, laterality="OD")
    file.write_bytes(out.getvalue())


def slice_shown(page: Page) -> int:
    return int(
        page.get_by_test_id("stSlider").first.locator("[role=slider],input").first.evaluate("e => e.ariaValueNow ?? e.value")
    )


def shows(page: Page, *wanted: int) -> bool:
    """Whether the slider comes to one of those slices within half a minute: a busy machine takes its time."""
    for _ in range(100):
        if slice_shown(page) in wanted:
            return True
        page.wait_for_timeout(300)
    return False


def click(page: Page, plot: Locator, across: float, down: float) -> None:
    """At shares of a chart's drawing area."""
    plot.scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    box = plot.locator(".nsewdrag").first.bounding_box()
    assert box
    place = box["x"] + box["width"] * across, box["y"] + box["height"] * down
    page.mouse.move(*place)
    page.wait_for_timeout(400)
    page.mouse.click(*place)
    page.wait_for_timeout(800)
    settled(page)


def move(page: Page, key: str, wanted: int) -> None:
    """The slice's slider by one, by keyboard."""
    page.get_by_test_id("stSlider").first.get_by_role("slider").focus()
    page.keyboard.press(key)
    expect(page.get_by_role("img", name=f"volume.npz, slice {wanted}:")).to_be_visible(timeout=30_000)
    settled(page)
    page.wait_for_timeout(500)


def _a_slice_is_painted_kept_and_found_again(page: Page, shots: Shots, store: Store) -> None:
    """From slice 2, where there is nothing."""
    page.on("dialog", lambda dialog: dialog.accept())
    paint(page)
    move(page, "ArrowRight", 3)
    expect(page.get_by_text("Not saved yet: slice 2.")).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    move(page, "ArrowLeft", 2)
    expect(page.get_by_role("button", name="Undo")).to_be_enabled()
    page.get_by_label("Note").fill("missed on top")
    page.get_by_role("button", name="Save correction").click()
    expect(page.get_by_text("Slice 2 is saved.")).to_be_visible(timeout=60_000)
    settled(page)
    expect(page.locator(".unsaved")).to_be_hidden()
    expect(page.locator(".tools")).to_be_hidden()
    shots(page, "13-volume-reviewed", ".frame")

    user = store.user("ada")
    assert user
    (result,), _ = store.results(user.id)
    (review,) = store.reviews(user.id, result.id)
    model, _ = outlines_of(store.file_bytes(user.id, result.id, "volume"))
    mine = labels_of(store.review_mask(user.id, review.id))
    changed = model[1] != mine
    assert (review.slice, review.note, review.by) == (1, "missed on top", "Ada Lovelace")
    assert (mine[changed] == 2).all() and 600 < changed.sum() < 3000

    page.reload()
    expect(page.get_by_text("Signed in as")).to_be_attached(timeout=60_000)
    go(page, "History")
    page.get_by_test_id("stMainBlockContainer").get_by_text("Open", exact=True).click()
    expect(page.locator(".frame[data-drawn=yes]")).to_be_visible(timeout=60_000)
    settled(page)
    page.get_by_text("✎ 2").click()
    expect(page.get_by_text("Slice 2: reviewed by Ada Lovelace")).to_be_visible(timeout=30_000)
    settled(page)
    page.wait_for_timeout(1500)  # a button of the run before would ask for a file that is no more
    with page.expect_download() as download:
        page.get_by_role("button", name="All (NPZ)").click()
    assert download.value.suggested_filename == "volume-reviewed-segmentation.npz"
    lesions, _ = outlines_of(Path(download.value.path()).read_bytes())
    assert np.array_equal(lesions[1], mine) and np.array_equal(lesions[2:], model[2:])
    expect(page.get_by_role("columnheader", name="Corrected")).to_be_visible()
    page.get_by_text("As the model said", exact=True).click()
    expect(page.get_by_role("columnheader", name="Corrected")).to_have_count(0, timeout=30_000)
    settled(page)


@pytest.mark.usefixtures("segmentation")
def test_a_volume_is_read_clicked_through_and_kept(browser: Browser, shots: Shots, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "volume.npz"
    drawn(file)
    page = browser.new_page(viewport={"width": 1400, "height": 1000}, locale="en-GB")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    with dashboard(home, free_port()) as address:
        page.goto(address)
        expect(page.get_by_role("tab", name="Register")).to_be_visible(timeout=120_000)
        page.wait_for_timeout(1500)
        register(page, "ada")
        sign_in(page, "ada")
        go(page, "Segmentation")
        page.locator("input[type=file]").set_input_files(str(file))
        expect(page.locator(".frame[data-drawn=yes]")).to_be_visible(timeout=200_000)
        settled(page)
        assert shows(page, 4, 5, 6), "it begins where the fluid is"
        click(page, page.locator(".js-plotly-plot").first, 6.5 / 9, 0.5)
        assert shows(page, 7), "the lesions along the volume lead to their slice"
        map_of_thickness = page.locator("[class*=st-key-map-] .js-plotly-plot")
        expect(map_of_thickness).to_have_count(1, timeout=30_000)
        click(page, map_of_thickness, 0.3, 1.5 / 9)
        assert shows(page, 2)
        expect(page.get_by_role("img", name="volume.npz, slice 2")).to_be_visible()
        shots(page, "11-volume-segmentation", ".js-plotly-plot")
        _a_slice_is_painted_kept_and_found_again(page, shots, Store(home))

        go(page, "OCT")
        page.locator("input[type=file]").set_input_files(str(file))
        expect(page.locator("img.scan")).to_be_visible(timeout=200_000)
        settled(page)
        profile = page.locator(".js-plotly-plot").filter(has=page.locator(".scatterlayer .trace")).first
        click(page, profile, 7.5 / 9, 0.1)
        assert shows(page, 8)
        page.get_by_test_id("stButtonGroup").get_by_role("radio").or_(
            page.get_by_test_id("stPills").get_by_role("button")
        ).first.click()
        settled(page)
        page.wait_for_timeout(800)
        assert shows(page, 4, 5, 6), "the worst slice is the first in the list"
        shots(page, "12-volume-oct", ".js-plotly-plot")
    user = Store(home).user("ada")
    assert user and Store(home).results(user.id)[1] == 2 and errors == []
