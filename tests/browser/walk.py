"""What a person does in the browser, step by step; the journey and the README's screenshot share it."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.launch import CAPTCHA
from ui import cookie

PASSWORD = "a phrase for Ada"


def settled(page: Page) -> None:
    """Wait until the server has finished its run."""
    page.wait_for_timeout(300)
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=60_000)


def register(page: Page, username: str) -> None:
    page.get_by_role("tab", name="Register").click()
    form = page.get_by_test_id("stForm").nth(1)
    for label, value in (
        ("First name", "Ada"), ("Last name", "Lovelace"), ("Email", f"{username}@example.org"), ("User name", username),
        ("Type the digits of the picture", CAPTCHA),
    ):  # fmt: skip
        form.get_by_label(label, exact=True).fill(value)
    form.locator("input[type=password]").nth(0).fill(PASSWORD)
    form.locator("input[type=password]").nth(1).fill(PASSWORD)
    ready = page.get_by_text("Your account is ready")
    for _ in range(3):  # a click that falls into the page's first run goes nowhere: see `go`
        settled(page)
        form.get_by_role("button", name="Create account").click()
        try:
            expect(ready).to_be_visible(timeout=10_000)
        except AssertionError:
            continue
        break
    expect(ready).to_be_visible()


def token(page: Page) -> str | None:
    """The sign-in that the browser keeps."""
    return next((c.get("value") for c in page.context.cookies() if c.get("name") == cookie.NAME), None)


def kept(page: Page, before: str | None) -> None:
    """Wait until the browser keeps another sign-in than ``before``: it writes the cookie some time after the run."""
    for _ in range(150):
        if token(page) not in (None, before):
            return
        page.wait_for_timeout(200)
    raise AssertionError("The browser keeps no new sign-in.")


def sign_in(page: Page, username: str, password: str = PASSWORD) -> None:
    before = token(page)
    page.get_by_role("tab", name="Sign in").click()
    form = page.get_by_test_id("stForm").nth(0)
    form.get_by_label("User name", exact=True).fill(username)
    form.locator("input[type=password]").fill(password)
    form.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Signed in as")).to_be_attached(timeout=30_000)
    kept(page, before)


def go(page: Page, name: str) -> None:
    """By the sidebar. Streamlit drops a click that falls into a page's very first run (the cookie component's own rerun
    overtakes it, now and then after the page has changed already), so a click that went nowhere is made again, as a person
    would."""
    link = page.get_by_test_id("stSidebarNav").get_by_role("link", name=name, exact=True)
    for _ in range(8):
        settled(page)
        link.click()
        try:
            expect(link).to_have_attribute("aria-current", "page", timeout=4_000)
        except AssertionError:
            continue
        settled(page)
        page.wait_for_timeout(500)
        if link.get_attribute("aria-current") == "page":
            break
    settled(page)


def speak(page: Page, language: str) -> None:
    """Choose a language by its own name."""
    page.get_by_test_id("stSidebar").get_by_test_id("stSelectbox").locator("input").click()
    page.get_by_role("option", name=language, exact=True).click()
    settled(page)


def drop(page: Page, file: Path) -> None:
    page.locator("input[type=file]").set_input_files(str(file))
    expect(page.get_by_text("Most probable")).to_be_visible(timeout=60_000)
    expect(page.locator("img.scan")).to_be_visible(timeout=30_000)
    settled(page)
