"""Made homes, the page's server on a free port, and a browser that talks to this machine alone."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Request, sync_playwright

from pipelines.settings import is_listening
from tests.dashboard.made_home import MadeHome
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

Visit = Callable[..., Page]


@pytest.fixture
def home(tmp_path: Path) -> MadeHome:
    return MadeHome(tmp_path / "home")


@contextmanager
def serve_page(home: Path, log: Path) -> Iterator[str]:
    """The address of a real `streamlit run` over this home."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("VIGIA_", "STREAMLIT_"))}
    command = [sys.executable, "-m", "streamlit", "run", "dashboard/app.py", f"--server.port={port}"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=inherited | {"VIGIA_HOME": str(home)}, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until(lambda: is_listening(url), timeout_seconds=180, what=f"the page's server, see {log}")
            yield url
        finally:
            process.terminate()
            process.wait(timeout=60)


@pytest.fixture(scope="module")  # while Playwright is open its event loop runs in this thread, and asyncio.run() cannot
def browser() -> Iterator[Browser]:
    chromium = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if chromium is None:
        pytest.skip(f"none of {', '.join(CHROMIUM)} is on the PATH")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=FLAGS, timeout=120_000)
        yield running
        running.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """Opens an address; at the end of the test nothing may have gone wrong in the console or left this machine."""
    wrong: list[str] = []
    asked: list[str] = []
    pages: list[Page] = []

    def listen(message: ConsoleMessage) -> None:
        # at a page's own address Streamlit first looks for its server below that page, then at the root
        probe = urlsplit(message.location["url"]).path in ("/live/_stcore/health", "/live/_stcore/host-config")
        if message.type == "error" and not probe:
            wrong.append(message.text)

    def fail(error: Error) -> None:
        wrong.append(str(error))

    def remember(request: Request) -> None:
        asked.append(request.url)

    def open_page(url: str, *, width: int = 1280, height: int = 800, dark: bool = False) -> Page:
        page = browser.new_page(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", locale="en-GB"
        )
        page.set_default_timeout(120_000)
        page.on("console", listen)
        page.on("pageerror", fail)
        page.on("request", remember)
        page.goto(url)
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        page.close()
    assert wrong == []
    outside = [url for url in asked if urlsplit(url).scheme != "data" and urlsplit(url).hostname != "127.0.0.1"]
    assert outside == []
