"""A reviewer's way through the segmentation page in a real Chromium: look, switch, paint, save, find again."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from octcore.phantom import bscan
from octcore.report import labels_of
from octcore.store import Store
from tests.browser.conftest import Shots
from tests.browser.server import dashboard, free_port
from tests.browser.walk import go, register, settled, sign_in
from ui.viewer import scan_png


def drawn(page: Page) -> np.ndarray:
    """The overlay's own pixels, RGBA."""
    page.wait_for_timeout(150)
    url = page.locator(".frame canvas").evaluate("e => e.toDataURL()")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))).convert("RGBA"))


def at(page: Page, x: float, y: float) -> tuple[float, float]:
    """A place in the frame, by shares of its width and height, in the window's pixels."""
    frame = page.locator(".frame")
    frame.scroll_into_view_if_needed()
    page.wait_for_timeout(200)
    box = frame.bounding_box()
    assert box
    return box["x"] + box["width"] * x, box["y"] + box["height"] * y


def paint(page: Page) -> None:
    """A stroke of SRF at the upper left, where a scan has only vitreous."""
    page.get_by_role("button", name="Correct the lesions").click()
    page.get_by_role("radio", name="Subretinal fluid").click()
    page.locator(".size input").fill("20")
    page.mouse.move(*at(page, 0.3, 0.1))
    page.mouse.down()
    page.mouse.move(*at(page, 0.4, 0.12), steps=6)
    page.mouse.up()
    page.wait_for_timeout(200)


@pytest.mark.usefixtures("segmentation")
def test_look_switch_paint_save_and_find_again(browser: Browser, shots: Shots, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "left eye.png"
    file.write_bytes(scan_png(bscan("DME", seed=5).pixels))
    page = browser.new_page(viewport={"width": 1400, "height": 1000}, locale="en-GB")
    errors: list[str] = []
    frames: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("websocket", lambda socket: socket.on("framesent", lambda _: frames.append("sent")))
    page.on("dialog", lambda dialog: dialog.accept())
    with dashboard(home, free_port()) as address:
        page.goto(address)
        expect(page.get_by_role("tab", name="Register")).to_be_visible(timeout=60_000)
        page.wait_for_timeout(1500)
        register(page, "ada")
        sign_in(page, "ada")
        go(page, "Segmentation")
        page.locator("input[type=file]").set_input_files(str(file))
        expect(page.locator(".frame[data-drawn=yes]")).to_be_visible(timeout=120_000)
        settled(page)
        expect(page.get_by_role("img", name="left eye.png: outlined are")).to_be_visible()
        before = drawn(page)
        assert (before[..., 3] > 0).mean() > 0.001, "surfaces are drawn"

        # Opacity, switches, zoom and values: in the browser alone.
        page.wait_for_timeout(1500)
        frames.clear()
        page.get_by_role("slider", name="Layers: Opacity").fill("20")
        paler = drawn(page)
        assert 0 < paler[..., 3].max() < before[..., 3].max()
        page.get_by_role("button", name="Layers: Filled or outlined").click()
        filled = drawn(page)
        assert (filled[..., 3] > 0).sum() > 2 * (paler[..., 3] > 0).sum()
        for name in ("NFL", "GCL-IPL", "INL", "OPL", "ONL-ISM", "ISE", "OS-RPE"):
            chip = page.locator(f"[data-group=layers] [data-name='{name}']")
            chip.focus()
            page.keyboard.press("Space")
            expect(chip).to_have_attribute("aria-pressed", "false")
        for name in ("IRF", "SRF", "DRUSEN", "SHRM"):
            page.locator(f"[data-group=lesions] [data-name='{name}']").click()
        assert drawn(page)[..., 3].max() == 0, "nothing is switched on"
        page.mouse.move(*at(page, 0.3, 0.1))
        expect(page.locator("output.value")).to_contain_text("outside the retina")
        page.mouse.wheel(0, -400)
        assert page.locator("img.scan").evaluate("e => new DOMMatrix(e.style.transform).a") > 1.2
        page.locator(".frame").focus()
        page.keyboard.press("0")
        page.keyboard.press("Shift+ArrowRight")
        expect(page.locator("output.value")).to_contain_text("Row 249, column 26")
        assert frames == [], "the server was not asked"
        page.get_by_role("button", name="Layers: Filled or outlined").click()
        for chip in page.locator("[data-group=layers] .chip").all():
            chip.click()
        page.get_by_role("slider", name="Layers: Opacity").fill("85")
        shots(page, "7-segmentation", ".frame")

        # Paint, take back, paint again, save.
        frames.clear()
        paint(page)
        assert drawn(page)[..., 3].max() > 0, "the painted lesion is shown again"
        page.keyboard.press("Control+z")
        expect(page.get_by_role("button", name="Undo")).to_be_disabled()
        page.get_by_role("button", name="Redo").click()
        page.get_by_label("Note").fill("missed at the left")
        assert frames == []
        shots(page, "8-correction", ".frame")
        page.get_by_role("button", name="Save correction").click()
        expect(page.get_by_text("Saved. The model's outlines stay")).to_be_visible(timeout=30_000)
        expect(page.get_by_text("Note: missed at the left")).to_be_visible()
        settled(page)
        shots(page, "9-reviewed", ".frame")

        store = Store(home)
        user = store.user("ada")
        assert user
        (result,), total = store.results(user.id)
        (review,) = store.reviews(user.id, result.id)
        model, mine = (
            labels_of(png) for png in (store.file_bytes(user.id, result.id, "lesions"), store.review_mask(user.id, review.id))
        )
        changed = model != mine
        assert total == 1 and review.note == "missed at the left"
        assert (mine[changed] == 2).all() and 600 < changed.sum() < 3000
        rows, columns = np.nonzero(changed)
        assert rows.max() < 110 and columns.min() > 130 and columns.max() < 230

        # Another day: the history opens it with the correction, and the model's own outlines beside it.
        page.reload()
        expect(page.get_by_text("Signed in as")).to_be_attached(timeout=60_000)
        go(page, "History")
        expect(page.get_by_text("left eye.png")).to_be_visible(timeout=30_000)
        shots(page, "10-history")
        page.get_by_test_id("stMainBlockContainer").get_by_text("Open", exact=True).click()
        expect(page.locator(".frame[data-drawn=yes]")).to_be_visible(timeout=60_000)
        settled(page)
        assert page.get_by_role("slider", name="Lesions: Opacity").input_value() == "45"
        corrected = drawn(page)
        page.get_by_text("The model's", exact=True).click()
        settled(page)
        assert (drawn(page)[..., 3] > 0).sum() < (corrected[..., 3] > 0).sum()
        with page.expect_download() as download:
            page.get_by_role("button", name="Mask (PNG)").click()
        assert download.value.suggested_filename == "left eye-lesions.png"
        assert np.array_equal(labels_of(Path(download.value.path()).read_bytes()), model)
    assert errors == []
