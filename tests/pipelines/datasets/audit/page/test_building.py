import re
from pathlib import Path

import pytest

from pipelines.datasets.audit.auditing import CHECKS
from pipelines.datasets.audit.findings import Audit, Evidence, Finding, NotRun
from pipelines.datasets.audit.page.building import MOST_CARDS, WORDS, build_audit_page
from pipelines.datasets.audit.page.thumbnails import Thumbnails
from pipelines.datasets.audit.reporting import AuditReport
from tests.pipelines.datasets.audit.made import ORDINARY, make_row, make_rows
from tests.pipelines.datasets.pictures import make_class_folders


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    return make_class_folders(tmp_path / "raw", cat=4, dog=4)


def build(raw: Path, *findings: Finding, not_run: tuple[NotRun, ...] = ()) -> str:
    rows = (*make_rows(cat=4, dog=4), make_row("cat/<b>.jpg"))
    audit = Audit(len(rows), 2, 0, findings, not_run)
    report = AuditReport("pets", raw, raw.parent / "prepared", rows, audit)
    return build_audit_page(report, {row.path: ORDINARY for row in rows}, Thumbnails(raw), "Dataset version 0123.")


def test_every_check_has_a_title() -> None:
    assert set(WORDS) == {*CHECKS, "label_disputes"}


def test_the_page_asks_nobody_for_anything(raw: Path) -> None:
    page = build(raw)

    assert re.findall(r'(?:src|href)="(?!data:|#)', page) == []
    assert "url(" not in page
    assert "@import" not in page


def test_nothing_found_is_said(raw: Path) -> None:
    page = build(raw)

    assert "Nothing found." in page
    assert 'class="review"' not in page, "there is nothing to agree to"


def test_names_of_files_and_classes_are_no_html(raw: Path) -> None:
    page = build(raw, Finding("dark", "info", Evidence("<i>dark</i>", 1, ("cat/<b>.jpg",), ("<u>",))))

    assert "<b>.jpg" not in page
    assert "<i>dark" not in page
    assert "<u>" not in page
    assert "cat/&lt;b&gt;.jpg" in page


def test_near_duplicates_stand_side_by_side_with_label_and_split(raw: Path) -> None:
    sets = (("cat/cat0.jpg", "cat/cat1.jpg"), ("dog/dog0.jpg", "dog/dog1.jpg"))

    page = build(raw, Finding("near_duplicates", "info", Evidence("two sets", 4, sets[0] + sets[1], sets=sets)))

    assert page.count('<div class="set">') == 2
    assert "cat, train" in page


def test_a_disputed_picture_can_be_agreed_to(raw: Path) -> None:
    note = "labelled cat, neighbours say dog (9 of 10)"

    page = build(
        raw,
        Finding("label_disputes", "warning", Evidence("1 picture", 1, ("cat/cat0.jpg",), (note,), proposals=("dog",))),
    )

    assert note in page
    assert 'data-label="dog"' in page
    assert "vigia data relabel pets --from pets-reviewed.csv" in page


def test_more_pictures_than_fit_are_capped_in_words(raw: Path) -> None:
    files = tuple(f"gone/{place}.jpg" for place in range(MOST_CARDS + 40))

    page = build(raw, Finding("odd_aspect", "info", Evidence("many", len(files), files)))

    assert f"The first {MOST_CARDS} of {len(files)} pictures" in page
    assert page.count('title="gone/') == MOST_CARDS


def test_an_error_is_the_first_thing_that_is_said(raw: Path) -> None:
    page = build(raw, Finding("leaks", "error", Evidence("leaks", 1)))

    assert "training is refused" in page


def test_a_check_that_was_not_run_is_named_with_its_reason(raw: Path) -> None:
    page = build(raw, not_run=(NotRun("label_disputes", "no weights & no luck"),))

    assert "no weights &amp; no luck" in page
