from dataclasses import replace
from pathlib import Path
from random import Random
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.datasets.audit.auditing import CHECKS, audit_dataset, severity_of
from pipelines.datasets.class_folders import DATASET_LIMITS
from pipelines.datasets.manifest import ManifestRow, Rejected
from pipelines.datasets.measures import Measures, measure_picture
from pipelines.images import decode_image
from pipelines.stage_params import AuditParams, Severity
from tests.pipelines.datasets.audit.made import ORDINARY, make_row, make_rows, pair
from tests.realdata import find_real_pictures

ROWS = make_rows(cat=30, dog=30)
MEASURES = {row.path: ORDINARY for row in ROWS}


def test_every_check_has_a_severity_in_the_params() -> None:
    severities = {
        name for name, field in AuditParams.model_fields.items() if get_args(field.annotation) == get_args(Severity)
    }

    assert severities == {*CHECKS, "label_disputes"}
    assert set(get_args(Severity)) == {"error", "warning", "info", "off"}


def test_an_ordinary_dataset_has_no_findings() -> None:
    audit = audit_dataset(ROWS, MEASURES, [], [], AuditParams())

    assert audit.findings == ()
    assert (audit.pictures, audit.classes, audit.leaks) == (60, 2, 0)


def test_the_params_decide_how_serious_a_finding_is() -> None:
    measures = MEASURES | {ROWS[0].path: replace(ORDINARY, blur=0.9)}

    audit = audit_dataset(ROWS, measures, [], [], AuditParams(blurred="error"))

    assert [(each.check, each.severity) for each in audit.errors] == [("blurred", "error")]


@pytest.mark.parametrize("check", CHECKS)
def test_a_check_that_is_off_finds_nothing(check: str) -> None:
    rows = [
        *make_rows(chihuahua=30, chihuahau=2),
        make_row("cat/a.jpg", width=10, height=90, sha256="a" * 64, group="a" * 64),
        make_row("cat/b.jpg", split="test", sha256="a" * 64, label="chihuahua"),
    ]
    measures = {row.path: ORDINARY for row in rows} | {
        "cat/a.jpg": replace(ORDINARY, blur=0.9, highlights=0.1, shadows=0.9, entropy=0.1)
    }
    pairs = [pair(rows[0].path, rows[1].path)]
    rejected = [Rejected("x.jpg", "broken")]

    everything = audit_dataset(rows, measures, pairs, rejected, AuditParams())
    without = audit_dataset(rows, measures, pairs, rejected, AuditParams(**{check: "off"}))

    assert {each.check for each in without.findings} == {each.check for each in everything.findings} - {check}


def test_leaks_are_counted_even_where_their_check_is_off() -> None:
    rows = [make_row("cat/a.jpg"), make_row("cat/b.jpg", split="test")]

    audit = audit_dataset(
        rows, {row.path: ORDINARY for row in rows}, [pair("cat/a.jpg", "cat/b.jpg")], [], AuditParams(leaks="off")
    )

    assert audit.leaks == 1


def test_rejected_files_are_told_with_their_reasons() -> None:
    audit = audit_dataset(ROWS, MEASURES, [], [Rejected("cat/x.jpg", "0 bytes")], AuditParams())

    (finding,) = audit.findings
    assert (finding.check, finding.severity) == ("rejected", "info")
    assert (finding.evidence.files, finding.evidence.notes) == (("cat/x.jpg",), ("0 bytes",))


def test_off_has_no_severity() -> None:
    assert severity_of("leaks", AuditParams(leaks="off")) is None
    assert severity_of("leaks", AuditParams()) == "error"


@given(st.randoms(use_true_random=False))
@settings(max_examples=10, deadline=None)
def test_the_order_of_the_rows_does_not_matter(random: Random) -> None:
    rows = [*ROWS, make_row("cat/dark.jpg"), make_row("cat/blurred.jpg")]
    measures = MEASURES | {
        "cat/dark.jpg": replace(ORDINARY, highlights=0.1),
        "cat/blurred.jpg": replace(ORDINARY, blur=0.9),
    }
    shuffled = list(rows)
    random.shuffle(shuffled)

    assert audit_dataset(shuffled, measures, [], [], AuditParams()) == audit_dataset(
        rows, measures, [], [], AuditParams()
    )


def measure_folder(folder: Path, every: int) -> tuple[list[ManifestRow], dict[str, Measures]]:
    """Rows and measures of each so many-th picture, whole, as `prepare` would take them."""
    rows, measures = [], {}
    for file in sorted(folder.rglob("*.jpg"))[::every]:
        content = file.read_bytes()
        image = decode_image(content, limits=DATASET_LIMITS)
        path = file.relative_to(folder).as_posix()
        rows.append(make_row(path, width=image.shape[1], height=image.shape[0]))
        measures[path] = measure_picture(image, len(content))
    return rows, measures


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("folder", "every"),
    [("cats_dogs/train", 4), ("cars/train", 2), ("simpsons/train", 3), ("faces/lfw_people/train", 2)],
)
def test_photographs_stills_and_faces_raise_no_crowd_of_alarms(folder: str, every: int) -> None:
    rows, measures = measure_folder(find_real_pictures(f"data/{folder}"), every)

    audit = audit_dataset(rows, measures, [], [], AuditParams(class_pictures=1))

    assert audit.errors == ()
    assert {each.check for each in audit.findings} <= {"blurred", "dark", "low_information", "odd_aspect"}
    assert sum(each.evidence.count for each in audit.findings) <= 0.005 * len(rows) + 1
