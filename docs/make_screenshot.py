"""Take a screenshot of a running page: `python docs/make_screenshot.py http://127.0.0.1:8501 docs/images/live.png`."""

import argparse
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
PICTURES_LOADED = """() => {
    const pictures = [...document.querySelectorAll('[data-testid="stImage"] img')];
    const shown = document.querySelector('[class*="st-key-page-"]');
    return shown && pictures.every((picture) => picture.complete && picture.naturalWidth > 0);
}"""


def find_chromium() -> str:
    """The browser of this machine; exits with a word when there is none."""
    for name in CHROMIUM:
        if path := shutil.which(name):
            return path
    sys.exit(f"error: expected one of {', '.join(CHROMIUM)} on the PATH, found none. Install your system's Chromium.")


def wait_for_page(page: Page) -> None:
    """Returns when the live page is drawn, its pictures are loaded and its charts stand."""
    page.wait_for_function(PICTURES_LOADED, timeout=30_000)
    if page.locator(".st-key-charts").count():
        page.locator("svg.marks").nth(1).wait_for(timeout=30_000)
    page.evaluate("document.fonts.ready")
    # two refreshes: what the browser still fades in on the first one stands on the second
    page.wait_for_timeout(2_000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("file", type=Path)
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=800)
    parser.add_argument("--full-page", action="store_true")
    options = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        page = browser.new_page(
            viewport={"width": options.width, "height": options.height},
            color_scheme="dark" if options.dark else "light",
            device_scale_factor=1.5,
        )
        page.goto(options.url)
        wait_for_page(page)
        if options.full_page:
            # Streamlit scrolls inside the page, so the window itself grows to the content
            height = page.evaluate("document.querySelector('[data-testid=stMainBlockContainer]').scrollHeight")
            page.set_viewport_size({"width": options.width, "height": int(height)})
            wait_for_page(page)
        options.file.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=options.file)
        browser.close()


if __name__ == "__main__":
    main()
