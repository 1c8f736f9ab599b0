"""A photograph dropped on the wrong page, in a real Chromium: one click, its result, its heat map, the history, the way back."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from octcore.phantom import bscan, fundus
from octcore.store import Store
from tests.browser.conftest import Shots
from tests.browser.server import dashboard, free_port
from tests.browser.walk import go, register, settled, sign_in, speak
from ui.viewer import scan_png


def photograph(file: Path) -> None:
    """As large as a camera's own."""
    picture = Image.fromarray(fundus(seed=4)).resize((2048, 2048), Image.Resampling.BICUBIC)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=92)
    file.write_bytes(out.getvalue())


@pytest.mark.usefixtures("photographs")
def test_a_photograph_finds_its_page_is_looked_at_and_found_again(
    browser: Browser, shots: Shots, home: Path, tmp_path: Path
) -> None:
    file, scan = tmp_path / "left eye.jpg", tmp_path / "scan.png"
    photograph(file)
    scan.write_bytes(scan_png(bscan("DME", seed=5).pixels))
    page = browser.new_page(viewport={"width": 1400, "height": 1000}, locale="en-GB")
    errors: list[str] = []
    frames: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("websocket", lambda socket: socket.on("framesent", lambda _: frames.append("sent")))
    with dashboard(home, free_port()) as address:
        page.goto(address)
        expect(page.get_by_role("tab", name="Register")).to_be_visible(timeout=120_000)
        page.wait_for_timeout(1500)
        register(page, "ada")
        sign_in(page, "ada")
        shots(page, "13-begin")

        go(page, "OCT")
        page.locator("input[type=file]").set_input_files(str(file))
        expect(page.get_by_text("looks like a photograph of the fundus")).to_be_visible(timeout=60_000)
        expect(page.get_by_role("button", name="I know better")).to_be_visible()
        settled(page)
        shots(page, "14-refused")
        speak(page, "中文")  # the dropped file stays, and the choice of the model is said in the other language
        expect(page.get_by_role("button", name="在“眼底照片”页打开")).to_be_visible(timeout=30_000)
        model = page.get_by_test_id("stMainBlockContainer").get_by_test_id("stSelectbox").locator("input")
        expect(model).to_have_value("模型集成（默认）")
        speak(page, "English")
        page.get_by_role("button", name="Open it on the Fundus page").click()
        expect(page.get_by_text("Most probable")).to_be_visible(timeout=60_000)
        expect(page.get_by_role("heading", name="Fundus photographs")).to_be_visible()
        expect(page.get_by_role("img", name="left eye.jpg: ")).to_be_visible()
        settled(page)

        # The opacity moves in the browser alone.
        page.wait_for_timeout(1500)
        frames.clear()
        heat, slider = page.locator("img.heat"), page.get_by_role("slider", name="Where the model looked")
        for value, opacity in (("15", "0.15"), ("90", "0.9"), ("45", "0.45")):
            slider.fill(value)
            assert heat.evaluate("e => getComputedStyle(e).opacity") == opacity
        boxes = [page.locator(f"img.{name}").bounding_box() for name in ("scan", "heat")]
        assert boxes[0] and boxes[1] and abs(boxes[0]["height"] - boxes[1]["height"]) < 1, "the heat map lies on the photograph"
        assert frames == [], "the server was not asked"
        shots(page, "15-fundus")

        # A B-scan dropped beside it goes the other way.
        page.locator("input[type=file]").set_input_files(str(scan))
        expect(page.get_by_text("looks like an OCT B-scan")).to_be_visible(timeout=60_000)
        settled(page)
        expect(page.get_by_text("Most probable")).to_be_visible()
        page.get_by_role("button", name="Open it on the OCT page").click()
        expect(page.get_by_role("img", name="scan.png: ")).to_be_visible(timeout=60_000)
        settled(page)

        go(page, "Fundus")
        expect(page.get_by_role("img", name="left eye.jpg: ")).to_be_visible(timeout=60_000)
        page.get_by_role("button", name="Put away").click()
        expect(page.get_by_text("Drop a photograph above")).to_be_visible(timeout=30_000)

        go(page, "History")
        expect(page.get_by_text("left eye.jpg")).to_be_visible(timeout=30_000)
        shots(page, "16-history")
        rows = page.get_by_test_id("stMainBlockContainer").get_by_role("button", name="Open", exact=True)
        rows.last.click()  # the newest is first
        expect(page.get_by_role("img", name="left eye.jpg: ")).to_be_visible(timeout=60_000)
        expect(page.get_by_text("Most probable")).to_be_visible()
        assert page.get_by_role("slider", name="Where the model looked").input_value() == "45"

        go(page, "Models")
        page.get_by_role("tab", name="Fundus photograph").click()
        expect(page.get_by_text("By age and sex").first).to_be_visible(timeout=30_000)
        shots(page, "17-models")
    user = Store(home).user("ada")
    assert user and errors == []
    found, total = Store(home).results(user.id)
    assert total == 2 and {r.task for r in found} == {"oct", "fundus"}
