"""Rows of predictions and dead letters: one statement a table, which overwrites what lies there already."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import Connection, Table, func
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect

from stream.messages import DeadLetter, Prediction
from stream.prepared import Prepared, Values, prepare
from stream.tables import dead_letters, predictions

REPLAY_COLUMNS: Final = ("replayed_at", "replay_id", "replay_claimed_at", "replay_from", "replayed_offset")
"""Of dead letters, what only a replay writes: a redelivered letter must not forget that it was replayed."""


@dataclass(frozen=True, slots=True)
class BoundRows:
    """Rows of one table as the driver takes them."""

    statement: Prepared
    rows: list[Any]

    def write(self, connection: Connection) -> None:
        if self.rows:
            self.statement.execute(connection, self.rows)


def bind_predictions(answers: Sequence[Prediction], dialect: Dialect) -> BoundRows:
    """Raises what a column raises for a value that is none of its own, as does `bind_letters`."""
    return bind_rows(predictions, [_prediction_values(answer) for answer in answers], dialect)


def bind_letters(letters: Sequence[DeadLetter], dialect: Dialect) -> BoundRows:
    return bind_rows(dead_letters, [_LETTER_VALUES(letter) for letter in letters], dialect, absent=REPLAY_COLUMNS)


def upsert(
    table: Table,
    dialect: str,
    *,
    keep: Sequence[str] = (),
    add: Sequence[str] = (),
    coalesce: Sequence[str] = (),
) -> Any:
    """Insert, or overwrite the row with the same key.

    Columns in `keep` stay as they are, those in `add` grow by the new value, those in `coalesce` stay when the
    new value is null.
    """
    builder = sqlite.insert if dialect == "sqlite" else postgresql.insert
    statement = builder(table)
    changes = {}
    for column in table.columns:
        if column.primary_key or column.name in keep:
            continue
        new = statement.excluded[column.name]
        if column.name in add:
            changes[column.name] = column + new
        elif column.name in coalesce:
            changes[column.name] = func.coalesce(new, column)
        else:
            changes[column.name] = new
    return statement.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=changes)


def bind_rows(
    table: Table, rows: Sequence[Values], dialect: Dialect, *, absent: Sequence[str] = (), keep: Sequence[str] = ()
) -> BoundRows:
    """Values in the order of the table's columns, without those of `absent`; these and `keep` stay as they are.

    The rows go in the order of their keys: two writers that lock the same ones in different orders would be a deadlock.
    """
    statement, key = _prepare(table, dialect, absent, keep), len(table.primary_key)
    return BoundRows(statement, statement.bind(sorted(rows, key=lambda row: tuple(row[:key]))))


@lru_cache(maxsize=16)
def _prepare(table: Table, dialect: Dialect, absent: Sequence[str], keep: Sequence[str]) -> Prepared:
    names = [column.name for column in table.columns if column.name not in absent]
    return prepare(upsert(table, dialect.name, keep=(*absent, *keep)), dialect, names)


def _prediction_values(answer: Prediction) -> Values:
    values: list[Any] = list(_PREDICTION_VALUES(answer))
    values[_NEAREST] = answer.nearest or None
    return values


def values_of(table: Table, *, absent: Sequence[str] = ()) -> Callable[[Any], Values]:
    """Of what has a position, in the order of the table's columns, its key first."""
    names = [column.name for column in table.columns if column.name not in absent]
    return attrgetter(*(f"position.{name}" if name in ("topic", "partition", "offset") else name for name in names))


_PREDICTION_VALUES: Final = values_of(predictions)
_NEAREST: Final = list(predictions.columns).index(predictions.c.nearest)
_LETTER_VALUES: Final = values_of(dead_letters, absent=REPLAY_COLUMNS)
