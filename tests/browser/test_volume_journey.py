"""A volume in a real Chromium: outlined slice by slice, clicked on its map, classified, clicked on its profile."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from octcore import models
from octcore.phantom import Kind, bscan
from octcore.store import Store
from tests.browser.server import FLAGS, chromium, dashboard, free_port
from tests.browser.walk import go, register, settled, sign_in

SHOTS = Path(__file__).parent / "screenshots"
SIZES = ((1400, 1000), (420, 900))


@pytest.fixture
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    try:
        models.members(models.ENSEMBLE, "segment")
    except models.ModelError as error:
        pytest.skip(str(error))
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield found
        found.close()


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


def shots(page: Page, name: str) -> None:
    """Light and wide, dark and narrow."""
    SHOTS.mkdir(exist_ok=True)
    for (width, height), scheme in zip(SIZES, ("light", "dark"), strict=True):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.set_viewport_size({"width": width, "height": height})
        page.locator(".js-plotly-plot").first.scroll_into_view_if_needed()
        page.wait_for_timeout(1000)
        page.screenshot(path=SHOTS / f"{name}-{width}-{scheme}.png")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": SIZES[0][0], "height": SIZES[0][1]})
    page.wait_for_timeout(500)


def test_a_volume_is_read_clicked_through_and_kept(browser: Browser, home: Path, tmp_path: Path) -> None:
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
        assert slice_shown(page) in (4, 5, 6), "it begins where the fluid is"
        click(page, page.locator(".js-plotly-plot").first, 0.3, 1.5 / 9)
        assert slice_shown(page) == 2
        expect(page.get_by_role("img", name="volume.npz, slice 2")).to_be_visible()
        shots(page, "11-volume-segmentation")

        go(page, "OCT")
        page.locator("input[type=file]").set_input_files(str(file))
        expect(page.locator("img.scan")).to_be_visible(timeout=200_000)
        settled(page)
        profile = page.locator(".js-plotly-plot").filter(has=page.locator(".scatterlayer .trace")).first
        click(page, profile, 7.5 / 9, 0.1)
        assert slice_shown(page) == 8
        page.get_by_test_id("stButtonGroup").get_by_role("radio").or_(
            page.get_by_test_id("stPills").get_by_role("button")
        ).first.click()
        settled(page)
        page.wait_for_timeout(800)
        assert slice_shown(page) in (4, 5, 6), "the worst slice is the first in the list"
        shots(page, "12-volume-oct")
    user = Store(home).user("ada")
    assert user and Store(home).results(user.id)[1] == 2 and errors == []
