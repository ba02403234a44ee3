import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.datasets.audit.findings import (
    Audit,
    Evidence,
    Finding,
    NotRun,
    check_audit,
    describe_audit,
    parse_audit,
    read_audit,
    sort_findings,
    write_audit,
)
from pipelines.errors import DatasetError

LEAK = Finding("leaks", "error", Evidence("2 pairs in two splits.", 2, ("a.jpg", "b.jpg"), ("train", "test")))
BLUR = Finding("blurred", "warning", Evidence("1 picture.", 1, ("c.jpg",), ("blur 0.70",)))
AUDIT = Audit(30, 2, 2, (LEAK, BLUR), (NotRun("label_disputes", "no weights"),))

texts = st.text(max_size=8)
evidences = st.builds(
    Evidence,
    texts,
    st.integers(0, 9),
    st.lists(texts, max_size=3).map(tuple),
    st.lists(texts, max_size=3).map(tuple),
    st.lists(st.lists(texts, max_size=2).map(tuple), max_size=2).map(tuple),
    st.lists(texts, max_size=3).map(tuple),
    st.lists(texts, max_size=3).map(tuple),
)
findings = st.builds(Finding, texts, st.sampled_from(["error", "warning", "info"]), evidences)


@given(st.lists(findings, max_size=2))
@settings(max_examples=30)
def test_an_audit_survives_json(found: list[Finding]) -> None:
    audit = Audit(30, 2, 0, tuple(found))

    assert parse_audit(json.loads(json.dumps(describe_audit(audit)))) == audit


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_audit(tmp_path, AUDIT)

    assert read_audit(tmp_path) == AUDIT


def test_each_finding_has_the_keys_that_others_rely_on() -> None:
    document = describe_audit(AUDIT)

    assert document["leaks"] == 2
    assert {"check", "severity", "count", "files"} <= document["findings"][0].keys()


def test_errors_come_first_and_equals_keep_their_order() -> None:
    dark = Finding("dark", "warning", Evidence("", 1))

    assert sort_findings([BLUR, dark, LEAK]) == (LEAK, BLUR, dark)


def test_an_error_refuses_training_and_says_how_to_go_on(tmp_path: Path) -> None:
    write_audit(tmp_path, AUDIT)

    with pytest.raises(DatasetError, match=r"leaks: 2 pairs in two splits.*audit\.leaks of params\.yaml to warning"):
        check_audit(tmp_path)


def test_warnings_let_a_training_go_on(tmp_path: Path) -> None:
    write_audit(tmp_path, Audit(30, 2, 0, (BLUR,)))

    check_audit(tmp_path)


def test_a_folder_that_was_never_audited_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="dvc repro"):
        check_audit(tmp_path)


@pytest.mark.parametrize("content", ["words", "[]", "{}", '{"findings": 3}'])
def test_a_file_that_is_no_audit_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "audit.json").write_text(content)

    with pytest.raises(DatasetError, match=r"audit\.json"):
        read_audit(tmp_path)
