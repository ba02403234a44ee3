"""Statements in a database's own words, and rows as its driver takes them."""

from datetime import timedelta, timezone

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, bindparam, insert, update
from sqlalchemy.engine import Dialect

from stream.prepared import prepare
from stream.store_engine import build_engine
from stream.tables import UtcDateTime
from tests.stream.fakes import NOON

TIMES = Table("times", MetaData(), Column("number", Integer, primary_key=True), Column("at", UtcDateTime))
SQLITE, POSTGRESQL = "sqlite:///:memory:", "postgresql://nobody@127.0.0.1:9/none"


def dialect_of(url: str) -> Dialect:
    """Nothing is connected for it."""
    return build_engine(url).dialect


def test_a_row_is_bound_in_the_order_of_the_statement_with_times_as_the_database_keeps_them() -> None:
    elsewhere = NOON.astimezone(timezone(timedelta(hours=-5)))

    in_sqlite = prepare(insert(TIMES), dialect_of(SQLITE), ["number", "at"]).bind([(1, elsewhere), (2, None)])
    in_postgresql = prepare(insert(TIMES), dialect_of(POSTGRESQL), ["number", "at"]).bind([(1, elsewhere), (2, None)])

    assert in_sqlite == [(1, "2025-06-01 12:00:00.000000"), (2, None)]
    assert in_postgresql == [{"number": 1, "at": NOON}, {"number": 2, "at": None}]


def test_one_bound_row_or_a_list_of_them_is_written_and_undone_with_its_transaction() -> None:
    engine = build_engine(SQLITE)
    statement = prepare(insert(TIMES), engine.dialect, ["number", "at"])
    one, *others = statement.bind([(number, NOON) for number in range(3)])
    with engine.begin() as connection:
        TIMES.create(connection)

    with engine.connect() as connection:
        statement.execute(connection, one)
        statement.execute(connection, others)
        assert connection.exec_driver_sql("SELECT count(*) FROM times").scalar() == 3
        connection.rollback()
        assert connection.exec_driver_sql("SELECT count(*) FROM times").scalar() == 0


@pytest.mark.parametrize("url", [SQLITE, POSTGRESQL])
def test_a_value_that_its_column_does_not_take_is_refused_before_anything_is_locked(url: str) -> None:
    statement = prepare(insert(TIMES), dialect_of(url), ["number", "at"])

    with pytest.raises(ValueError, match="expected an aware time"):
        statement.bind([(1, NOON.replace(tzinfo=None))])


def test_names_in_another_order_than_the_statement_has_them_are_no_statement() -> None:
    statement = update(TIMES).where(TIMES.c.number == bindparam("which"))

    with pytest.raises(ValueError, match="Expected the parameters which, at, found at, which"):
        prepare(statement, dialect_of(SQLITE), ["which", "at"])


@pytest.mark.parametrize("url", [SQLITE, POSTGRESQL])
def test_a_row_with_a_value_too_few_is_no_row(url: str) -> None:
    statement = prepare(insert(TIMES), dialect_of(url), ["number", "at"])

    with pytest.raises((ValueError, IndexError)):
        statement.bind([(1,)])
