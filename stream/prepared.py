"""Statements that are compiled once: doing so for each batch took longer than the database does for its rows."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, CursorResult
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler

Values = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement in the words of one database."""

    text: str
    names: tuple[str, ...]
    """Of the values of a row, in their order."""
    conversions: tuple[tuple[int, Callable[[Any], Any]], ...]
    """Places of a row whose values the driver takes in another form, such as times."""
    by_name: bool

    def bind(self, rows: Iterable[Values]) -> list[Any]:
        """Rows as the driver takes them. Raises what the columns' types raise for a value that is none of theirs."""
        bound = []
        for row in rows:
            values = list(row)
            for place, convert in self.conversions:
                values[place] = convert(values[place])
            bound.append(dict(zip(self.names, values, strict=True)) if self.by_name else tuple(values))
        return bound

    def execute(self, connection: Connection, bound: Any) -> CursorResult[Any]:
        """One bound row, or a list of them."""
        return connection.exec_driver_sql(self.text, bound)


def prepare(statement: Any, dialect: Dialect, names: Sequence[str]) -> Prepared:
    """`names` are the statement's parameters in the order in which it has them."""
    compiled: SQLCompiler = statement.compile(dialect=dialect, column_keys=list(names))
    found = tuple(compiled.positiontup or compiled.binds)
    if found != tuple(names):
        raise ValueError(f"Expected the parameters {', '.join(names)}, found {', '.join(found)}.")
    converters = [compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect) for name in found]
    conversions = tuple((place, convert) for place, convert in enumerate(converters) if convert is not None)
    return Prepared(str(compiled), found, conversions, by_name=not compiled.positional)
