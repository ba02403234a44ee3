from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection

from dashboard.activity import SpanHistory
from dashboard.bench.questions import Question, ask_page, build_questions, compare_questions, measure_questions
from dashboard.bench.store import fill_store
from dashboard.queries import build_engine
from tests.costs import compare_cpu

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@contextmanager
def store_of(folder: Path, rows: int) -> Iterator[Connection]:
    with build_engine(fill_store(folder / f"{rows}.db", rows, NOW)).connect() as connection:
        yield connection


def test_every_question_of_the_page_has_a_plain_form_with_the_same_answer(tmp_path: Path) -> None:
    with store_of(tmp_path, 3000) as connection:
        lanes = measure_questions(connection, build_questions(NOW, "cam01"), 1, lambda _line: None, seconds=0.0)

    assert {lane.name: lane.not_counted for lane in lanes if not lane.counts} == {}
    assert {lane.name for lane in lanes} >= {"visit ours", "visit plain", "refresh ours", "cameras plain"}
    assert all(found is not None for found in compare_questions(lanes).values())


def test_a_question_with_another_answer_does_not_count(tmp_path: Path) -> None:
    questions = {"cameras": Question(lambda _connection: 1, lambda _connection: 2)}

    with store_of(tmp_path, 100) as connection:
        ours, plain = measure_questions(connection, questions, 1, lambda _line: None, seconds=0.0)

    assert (ours.counts, plain.counts) == (False, True)


def test_what_the_page_asks_each_second_costs_the_same_however_many_rows_there_are(tmp_path: Path) -> None:
    """Ten times the rows; a question that read them all would take ten times as long."""
    with store_of(tmp_path, 4_000) as few, store_of(tmp_path, 40_000) as many:
        known = {few: SpanHistory(), many: SpanHistory()}

        def ask(connection: Connection) -> object:
            return ask_page(connection, known[connection], NOW)

        assert compare_cpu(lambda: ask(many), lambda: ask(few)) < 2.5


def test_the_first_visit_costs_less_than_plain_questions(tmp_path: Path) -> None:
    with store_of(tmp_path, 100_000) as connection:
        visit = build_questions(NOW, "cam01")["visit"]

        assert compare_cpu(lambda: visit.ours(connection), lambda: visit.plain(connection), rounds=3) < 1.2
