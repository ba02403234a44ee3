"""The live page in a real Chromium, served by a real Streamlit."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.conftest import Visit, serve_page
from tests.dashboard.made_home import MadeHome, draw_picture
from tests.waiting import wait_until

pytestmark = pytest.mark.browser

REFRESHED = 3_000
"""Milliseconds in which the page must show what is new."""
DRAWN = 120_000
"""Milliseconds for a first visit on a busy machine."""
KEPT_FRESH = timedelta(minutes=5)
"""So far ahead are states dated that must not grow old on the page, with a line more, while a test waits."""
expect.set_options(timeout=DRAWN)
EVIL = "<script>window.harm = 1</script><img src=x onerror='window.harm = 2'>"


@dataclass(frozen=True)
class Served:
    home: MadeHome
    url: str


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    home = MadeHome(folder / "home")
    home.show_picture("cam01", draw_picture(1), label="brisa_velero")
    home.add_model_event("loaded", to_version=1)
    home.add_dead_letters(2)
    home.write_services()
    with serve_page(home.folder, folder / "page.log") as url:
        yield Served(home, url)


def settled_height(page: Page) -> int:
    """Of the page once nothing is drawn any more: on a busy machine its parts come one after the other."""
    main = page.locator("[data-testid=stMainBlockContainer]")
    last = [0]

    def has_settled() -> bool:
        last.append(main.evaluate("main => main.scrollHeight"))
        return len(set(last[-20:])) == 1

    wait_until(has_settled, timeout_seconds=120, what="a page of one height")
    return last[-1]


def open_live(visit: Visit, url: str, **options: object) -> Page:
    page = visit(url, **options)
    expect(page.locator("svg.marks")).to_have_count(2, timeout=DRAWN)
    return page


def predictions_figure(page: Page) -> int:
    return int(page.locator(".vg-figures .vg-value").first.inner_text())


def test_the_page_shows_picture_label_figures_and_services(served: Served, visit: Visit) -> None:
    served.home.write_services()

    page = open_live(visit, served.url)

    picture = page.get_by_alt_text("Last picture of camera cam01")
    expect(picture).to_be_visible()
    expect(picture).to_have_js_property("naturalWidth", 320)
    expect(page.locator("[class*=st-key-camera-]").filter(has_text="cam01")).to_contain_text("brisa_velero")
    expect(page.locator(".st-key-panel-dead")).to_contain_text("truncated_jpeg")
    expect(page.locator(".st-key-panel-models")).to_contain_text("version 1")
    expect(page.locator(".st-key-panel-services")).to_contain_text("worker-1")


def test_the_same_page_has_its_own_address(served: Served, visit: Visit) -> None:
    page = open_live(visit, f"{served.url}/live")

    expect(page.locator(".vg-figures")).to_be_visible()
    assert page.url.endswith("/live")


def test_what_is_new_appears_by_itself_and_nothing_is_drawn_from_nothing(served: Served, visit: Visit) -> None:
    served.home.show_picture("cam02", draw_picture(2), label="aldea_pico")
    served.home.write_services(at=datetime.now(UTC) + KEPT_FRESH)
    page = open_live(visit, served.url)
    card = page.locator("[class*=st-key-camera-]").filter(has_text="cam02")
    picture = page.get_by_alt_text("Last picture of camera cam02")
    expect(picture).to_be_visible()
    kept = [picture.element_handle(), *page.locator("svg.marks").element_handles()]
    before, old_source = predictions_figure(page), picture.get_attribute("src")
    height = settled_height(page)

    served.home.add_predictions(500, camera_id="cam02", label="aldea_pico")
    served.home.show_picture("cam02", draw_picture(3), label="muelle_caja")

    expect(card).to_contain_text("muelle_caja", timeout=REFRESHED)
    expect(picture).not_to_have_attribute("src", old_source or "", timeout=REFRESHED)
    wait_until(lambda: predictions_figure(page) >= before + 400, timeout_seconds=60, what="the figure to grow")
    assert all(node is not None and node.evaluate("node => node.isConnected") for node in kept)
    assert settled_height(page) == height


def test_a_bar_grows_with_the_predictions(served: Served, visit: Visit) -> None:
    page = open_live(visit, served.url)
    top = page.locator(".st-key-panel-rate svg.marks text").filter(has_text="2,000")
    expect(top).to_have_count(0)

    served.home.add_predictions(2000, camera_id="cam01")

    expect(top).to_have_count(1, timeout=REFRESHED)


def test_the_page_speaks_spanish(served: Served, visit: Visit) -> None:
    page = open_live(visit, f"{served.url}/?lang=es")

    expect(page.locator(".vg-figures")).to_contain_text("en el último minuto")
    page.get_by_text("English", exact=True).click()
    expect(page.locator(".vg-figures")).to_contain_text("in the last minute")
    assert "lang=en" in page.url


def test_nothing_that_came_in_a_message_runs(served: Served, visit: Visit) -> None:
    served.home.add_predictions(camera_id=EVIL, label=EVIL, classifier="evil")
    served.home.add_dead_letters(reason=EVIL[:60], message=EVIL, camera_id=EVIL)
    served.home.write_services(flows={"healthy": False, "state": EVIL, "detail": EVIL})

    page = open_live(visit, served.url)

    expect(page.get_by_role("heading", name="window.harm")).to_have_text(EVIL)
    expect(page.locator(".st-key-panel-dead")).to_contain_text(EVIL)
    assert page.evaluate("window.harm") is None
    assert page.locator("[data-testid=stHtml] script, [data-testid=stHtml] img[onerror]").count() == 0


@pytest.mark.parametrize("dark", [False, True])
def test_a_phone_shows_everything_without_scrolling_sideways(served: Served, visit: Visit, dark: bool) -> None:
    page = open_live(visit, served.url, width=390, height=844, dark=dark)
    settled_height(page)

    widths = page.locator("[data-testid=stMain]").evaluate("main => [main.scrollWidth, main.clientWidth]")

    assert widths[0] <= widths[1] <= 390


def test_streamlits_own_furniture_is_hidden(served: Served, visit: Visit) -> None:
    page = open_live(visit, served.url)

    for name in ("stToolbar", "stAppDeployButton", "stMainMenu", "stStatusWidget"):
        assert not page.get_by_test_id(name).first.is_visible()


def test_the_hint_stands_until_the_first_prediction(tmp_path: Path, home: MadeHome, visit: Visit) -> None:
    with serve_page(home.folder, tmp_path / "page.log") as url:
        page = visit(url)
        expect(page.locator(".vg-hint")).to_contain_text("vigia train cars", timeout=DRAWN)

        home.show_picture("cam01", draw_picture(1))

        expect(page.locator(".vg-figures")).to_be_visible(timeout=DRAWN)
        expect(page.locator(".vg-hint")).to_have_count(0)
        expect(page.locator("svg.marks")).to_have_count(2, timeout=DRAWN)
        page.close()
