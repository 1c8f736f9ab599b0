"""The Chromium that all journeys share, and pictures of what it shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, Protocol

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from octcore import models
from tests.browser.server import FLAGS, chromium

SHOTS = Path(__file__).parent / "screenshots"
SIZES = ((1400, 1000), (420, 900))
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


class Shots(Protocol):
    """`shots(page, "7-name")`: the page as it is, wide and narrow, light and dark; ``at``: what is scrolled to."""

    def __call__(self, page: Page, name: str, at: str | None = None) -> None: ...


@pytest.fixture
def browser() -> Iterator[Browser]:
    """Skips where there is no Chromium."""
    path = chromium()
    if path is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield found
        found.close()


@pytest.fixture
def segmentation() -> None:
    """Skips where no segmentation is installed."""
    try:
        models.members(models.ENSEMBLE, "segment")
    except models.ModelError as error:
        pytest.skip(str(error))


@pytest.fixture
def shots() -> Shots:
    """Takes the pictures, into tests/browser/screenshots/."""

    def take(page: Page, name: str, at: str | None = None) -> None:
        SHOTS.mkdir(exist_ok=True)
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            for width, height in SIZES:
                page.set_viewport_size({"width": width, "height": height})
                if at:
                    page.locator(at).first.scroll_into_view_if_needed()
                page.wait_for_timeout(500)
                page.screenshot(path=SHOTS / f"{name}-{width}-{scheme}.png")
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": SIZES[0][0], "height": SIZES[0][1]})
        page.wait_for_timeout(300)

    return take
