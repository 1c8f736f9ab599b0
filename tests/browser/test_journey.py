"""One person's way through the real dashboard in a real Chromium, with screenshots of every page."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, expect

from octcore.phantom import bscan
from tests.browser.conftest import Shots
from tests.browser.server import dashboard, free_port
from tests.browser.walk import PASSWORD, drop, go, kept, register, settled, sign_in, token
from ui.viewer import scan_png


def test_register_drop_look_reload_find_again_sign_out(browser: Browser, shots: Shots, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "right eye.png"
    file.write_bytes(scan_png(bscan("CNV", seed=5).pixels))
    text = tmp_path / "scan.png"
    text.write_text("no picture at all")
    port = free_port()
    page = browser.new_page(viewport={"width": 1400, "height": 1000}, timezone_id="Asia/Shanghai", locale="en-GB")
    with dashboard(home, port) as address:
        page.goto(address)
        expect(page.get_by_role("tab", name="Register")).to_be_visible(timeout=60_000)
        shots(page, "1-start")
        register(page, "ada")
        sign_in(page, "ada")

        go(page, "OCT")
        says = page.get_by_test_id("stFileUploaderDropzoneInstructions")
        # Streamlit's own words for it are "1GB per file", in every language.
        assert "up to 512 MB" in says.evaluate("e => getComputedStyle(e, '::after').content") and says.inner_text() == ""
        page.locator("input[type=file]").set_input_files(str(text))
        expect(page.get_by_text("this file is no scan")).to_be_visible(timeout=30_000)
        drop(page, file)
        requests: list[str] = []
        page.on("websocket", lambda socket: requests.append(socket.url))
        slider = page.locator("input[type=range]")
        before = page.locator("img.heat").evaluate("e => getComputedStyle(e).opacity")
        slider.fill("15")
        after = page.locator("img.heat").evaluate("e => getComputedStyle(e).opacity")
        assert (float(before), float(after)) == (0.55, 0.15)
        expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)  # nothing ran for it
        shots(page, "2-oct")
        slider.fill("60")

        page.reload()
        expect(page.get_by_text("Signed in as")).to_be_attached(timeout=60_000)

    with dashboard(home, port) as address:  # a new server, the same cookie
        page.goto(address)
        expect(page.get_by_text("Signed in as")).to_be_attached(timeout=60_000)
        go(page, "History")
        expect(page.get_by_text("right eye.png")).to_be_visible(timeout=30_000)
        expect(page.get_by_text("times in Asia/Shanghai")).to_be_visible()
        shots(page, "3-history")
        page.get_by_test_id("stMainBlockContainer").get_by_text("Open", exact=True).click()
        expect(page.get_by_text("Most probable")).to_be_visible(timeout=30_000)
        expect(page.locator("img.heat")).to_be_visible(timeout=30_000)
        assert page.locator("input[type=range]").input_value() == "60"  # the opacity that was left
        shots(page, "4-result")
        go(page, "Models")
        expect(page.get_by_text("Known limits").first).to_be_visible(timeout=30_000)
        shots(page, "5-models")
        go(page, "Account")
        shots(page, "6-account")

        copied = page.context.cookies()
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("tab", name="Register")).to_be_visible(timeout=30_000)
        page.reload()  # at once, perhaps before the browser has dropped its cookie
        expect(page.get_by_role("tab", name="Register")).to_be_visible(timeout=60_000)
        settled(page)
        page.context.add_cookies(copied)  # type: ignore[arg-type]
        page.reload()
        expect(page.get_by_role("tab", name="Register")).to_be_visible(timeout=60_000)
        settled(page)
        assert page.get_by_text("Signed in as").count() == 0


def test_a_new_password_ends_every_other_sign_in(browser: Browser, tmp_path: Path) -> None:
    with dashboard(tmp_path / "home", free_port()) as address:
        here, there = browser.new_page(), browser.new_page()
        here.goto(address)
        register(here, "ada")
        sign_in(here, "ada")
        there.goto(address)
        sign_in(there, "ada")
        go(here, "Account")
        form = here.get_by_test_id("stForm").nth(0)
        form.locator("input[type=password]").nth(0).fill(PASSWORD)
        form.locator("input[type=password]").nth(1).fill("another phrase for Ada")
        before = token(here)
        form.get_by_role("button", name="Save").click()
        expect(here.get_by_text("Saved.", exact=True)).to_be_visible(timeout=30_000)
        kept(here, before)
        here.reload()
        expect(here.get_by_text("Signed in as")).to_be_attached(timeout=60_000)
        there.get_by_test_id("stSidebarNav").get_by_role("link", name="History", exact=True).click()
        expect(there.get_by_role("tab", name="Register")).to_be_visible(timeout=60_000)
        there.reload()
        expect(there.get_by_role("tab", name="Register")).to_be_visible(timeout=60_000)
        settled(there)
        assert there.get_by_text("Signed in as").count() == 0
        sign_in(there, "ada", "another phrase for Ada")
        there.reload()
        expect(there.get_by_text("Signed in as")).to_be_attached(timeout=60_000)


def test_a_chinese_browser_is_answered_in_chinese(browser: Browser, home: Path) -> None:
    page = browser.new_page(locale="zh-CN")
    with dashboard(home, free_port()) as address:
        page.goto(address)
        expect(page.get_by_role("tab", name="注册")).to_be_visible(timeout=60_000)


def test_a_bookmark_opened_on_a_server_that_has_just_started(browser: Browser, tmp_path: Path) -> None:
    """Streamlit runs a page's file itself until the router was run once; nobody may see its error."""
    with dashboard(tmp_path / "home", free_port()) as address:
        page = browser.new_page()
        page.goto(f"{address}/oct")
        expect(page.get_by_role("tab", name="Sign in")).to_be_visible(timeout=30_000)
        expect(page.get_by_test_id("stException")).to_have_count(0)
