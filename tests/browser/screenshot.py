"""Makes README's picture: `python -m tests.browser.screenshot docs/screenshot.png` (`make screenshot`).

The scan in it is synthetic: no patient's image enters the repository.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from tests.browser.server import FLAGS, chromium, dashboard, free_port
from tests.browser.walk import go, register, settled, sign_in


def main() -> None:
    out = Path(sys.argv[1])
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 1000}, locale="en-GB")
        with dashboard(Path(folder) / "home", free_port()) as address:
            page.goto(address)
            expect(page.get_by_role("tab", name="Register")).to_be_visible(timeout=60_000)
            register(page, "ada")
            sign_in(page, "ada")
            go(page, "OCT")
            page.get_by_role("button", name="DME", exact=True).click()
            expect(page.get_by_text("Most probable")).to_be_visible(timeout=60_000)
            settled(page)
            page.wait_for_timeout(1500)
            page.screenshot(path=out)
        browser.close()


if __name__ == "__main__":
    main()
