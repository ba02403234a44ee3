import csv
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from pipelines.datasets.audit.page.review import SCRIPT, STYLE, build_agreement, build_review_bar
from pipelines.datasets.audit.page.suggestions import Suggestion
from pipelines.page import build_page
from tests.dashboard.conftest import browser

__all__ = ["browser"]

SUGGESTIONS = (
    Suggestion("a" * 64, "dogs", 'label_disputes: labelled "cats", neighbours say dogs', "cats/a, b.jpg"),
    Suggestion("b" * 64, "drop", "blurred: blur 0.90", "cats/<b>.jpg"),
)


def test_a_box_says_what_agreeing_means() -> None:
    relabel, drop = map(build_agreement, SUGGESTIONS)

    assert "it is dogs" in relabel
    assert "leave it out" in drop
    assert "cats/&lt;b&gt;.jpg" in drop


@pytest.mark.browser
def test_what_is_ticked_is_saved_as_the_file_that_relabels(browser: Browser, tmp_path: Path) -> None:
    body = "".join(map(build_agreement, SUGGESTIONS)) + build_review_bar("pets")
    (tmp_path / "page.html").write_text(build_page("Audit", body, style=STYLE, script=SCRIPT), encoding="utf-8")
    page = browser.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    assert page.get_by_role("button", name="Save 0 of 2").is_disabled()

    page.get_by_text("it is dogs").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save 1 of 2").click()

    download.value.save_as(tmp_path / "saved.csv")
    assert download.value.suggested_filename == "pets-reviewed.csv"
    with (tmp_path / "saved.csv").open(newline="", encoding="utf-8") as stream:
        (line,) = csv.DictReader(stream)
    first = SUGGESTIONS[0]
    assert line == {"sha256": first.sha256, "label": "dogs", "reason": first.reason, "path": first.path}
    page.close()


@pytest.mark.browser
def test_all_and_none_tick_and_untick(browser: Browser, tmp_path: Path) -> None:
    body = "".join(map(build_agreement, SUGGESTIONS)) + build_review_bar("pets")
    (tmp_path / "page.html").write_text(build_page("Audit", body, style=STYLE, script=SCRIPT), encoding="utf-8")
    page = browser.new_page()
    page.goto((tmp_path / "page.html").as_uri())

    page.get_by_role("button", name="All").click()
    assert page.get_by_role("button", name="Save 2 of 2").is_enabled()
    page.get_by_role("button", name="None").click()

    assert page.get_by_role("button", name="Save 0 of 2").is_disabled()
    page.close()
