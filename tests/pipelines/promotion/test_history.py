from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from pipelines.promotion.decisions import ModelDecision, make_decision
from pipelines.promotion.history import find_last_move, find_rollback, read_history
from pipelines.promotion.log_book import LogBook
from pipelines.registry import ModelVersion, Registry

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


class FakeRegistry:
    """Tags alone."""

    def __init__(self, *versions: dict[str, str]) -> None:
        self._versions = [
            ModelVersion("cars", number, (), "run", tags, NOON) for number, tags in enumerate(versions, start=1)
        ]

    def versions(self, classifier: str) -> list[ModelVersion]:
        return self._versions

    def classifier_tags(self, classifier: str) -> dict[str, str]:
        return {}


def read(book: LogBook, *versions: dict[str, str]) -> tuple[ModelDecision, ...]:
    return read_history(cast(Registry, cast(Any, FakeRegistry(*versions))), book, "cars")


@pytest.fixture
def book(tmp_path: Path) -> LogBook:
    return LogBook(f"sqlite:///{tmp_path}/vigia.db")


def test_a_decision_taken_on_another_machine_is_told_by_its_tag_and_our_own_once(book: LogBook) -> None:
    ours = make_decision("cars", 1, "promoted", before=None, after=1)
    theirs = make_decision("cars", 2, "refused", before=1, after=1, by="ben@elsewhere")
    book.write(ours)

    assert read(book, {"vigia.decision": ours.dump()}, {"vigia.decision": theirs.dump()}) == (ours, theirs)


def test_a_version_from_before_there_was_a_log_book_tells_what_its_gate_said(book: LogBook) -> None:
    first, second = read(book, {"vigia.gate": "passed: macro-F1 0.9"}, {"vigia.gate": "refused: macro-F1 0.8"})

    assert (first.event, first.reasons, first.at) == ("promoted", ("macro-F1 0.9",), NOON)
    assert (second.event, second.to_version) == ("refused", None)


def test_what_the_gate_would_say_of_an_imported_candidate_is_no_decision(book: LogBook) -> None:
    assert read(book, {"vigia.gate": "would pass: accuracy 0.9"}) == ()


@pytest.mark.parametrize("tag", ["", "{", "[]", '{"id": 1}'])
def test_a_tag_that_somebody_else_wrote_is_passed_over(book: LogBook, tag: str) -> None:
    assert read(book, {"vigia.decision": tag}) == ()


def test_the_last_that_happened_to_a_version_in_production_says_whether_it_was_taken_out() -> None:
    up = make_decision("cars", 2, "promoted", before=1, after=2)
    back = make_decision("cars", 2, "rolled_back", before=2, after=1)
    refused = make_decision("cars", 2, "refused", before=1, after=1)
    overtaken = make_decision("cars", 2, "overtaken", before=1, after=3)
    again = make_decision("cars", 2, "restored", before=1, after=2)

    assert find_rollback([up, back, refused, overtaken], 2) == back
    assert find_rollback([up, back, refused, again], 2) is None
    assert find_rollback([up, back], 1) is None
    assert find_last_move([up, refused, overtaken]) == up
    assert find_last_move([]) is None
