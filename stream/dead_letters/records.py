"""Dead letters as the prediction store knows them: chosen, claimed for a replay, marked, deleted."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Table, and_, delete, or_, select, tuple_, update

from stream.messages import DeadLetter, Position
from stream.store import PredictionStore
from stream.tables import dead_letters, predictions

LEASE: Final = timedelta(minutes=2)
"""A claim older than this belongs to a command that ended before it could mark what it sent."""
_AT_ONCE: Final = 200

_letter = dead_letters.c


@dataclass(frozen=True, slots=True)
class Choice:
    """Which dead letters; nothing set means every one."""

    positions: tuple[Position, ...] = ()
    reason: str | None = None
    stage: str | None = None
    camera_id: str | None = None
    since: datetime | None = None
    """Of `created_at`, inclusive."""
    until: datetime | None = None
    """Exclusive."""

    @property
    def is_everything(self) -> bool:
        return self == Choice()


@dataclass(frozen=True, slots=True)
class StoredLetter:
    """A row of `dead_letters` with what is known of its replay."""

    letter: DeadLetter
    replayed_at: datetime | None
    replayed_offset: int | None
    """Where the replay lies, in the partition that the message came from."""
    replay_id: str | None
    replay_claimed_at: datetime | None
    replay_from: int | None

    @property
    def position(self) -> Position:
        return self.letter.position

    @property
    def replayed_as(self) -> Position | None:
        if self.replayed_offset is None:
            return None
        return Position(self.position.topic, self.position.partition, self.replayed_offset)


def find_letters(
    store: PredictionStore, choice: Choice, *, limit: int | None = None, newest_first: bool = True
) -> list[StoredLetter]:
    """The rows of a choice by time; none while the store was never used."""
    order = _letter.created_at.desc() if newest_first else _letter.created_at
    last = _letter.offset.desc() if newest_first else _letter.offset
    statement = select(dead_letters).where(*conditions_of(choice)).order_by(order, last).limit(limit)
    return [_stored(row) for row in store.read(statement)]


def find_letter(store: PredictionStore, position: Position) -> StoredLetter | None:
    rows = store.read(select(dead_letters).where(_at(dead_letters, [position])))
    return _stored(rows[0]) if rows else None


def find_origin(store: PredictionStore, position: Position) -> Position | None:
    """The letter whose replay this message was."""
    statement = select(_letter.topic, _letter.partition, _letter.offset).where(
        _letter.topic == position.topic,
        _letter.partition == position.partition,
        _letter.replayed_offset == position.offset,
    )
    rows = store.read(statement)
    return Position(*rows[0]) if rows else None


def claim(
    store: PredictionStore, replays: Mapping[Position, str], ends: Mapping[int, int], now: datetime
) -> set[Position]:
    """Those that may be sent, each under its replay's id: nobody has sent or claimed them.

    `ends` holds the end of each partition of the frames topic before any of these is sent.
    """

    def write(connection: Connection) -> set[Position]:
        return {
            position
            for position, replay_id in replays.items()
            if connection.execute(
                update(dead_letters)
                .where(
                    _at(dead_letters, [position]),
                    _letter.replayed_at.is_(None),
                    # a commit whose answer was lost is tried again and finds itself
                    or_(_letter.replay_id.is_(None), _letter.replay_id == replay_id),
                )
                .values(replay_id=replay_id, replay_claimed_at=now, replay_from=ends[position.partition])
            ).rowcount
        }

    return store.write(write)


def take_over(store: PredictionStore, stored: StoredLetter, now: datetime) -> bool:
    """Continue a replay whose command ended; False when another command was quicker."""
    statement = (
        update(dead_letters)
        .where(
            _at(dead_letters, [stored.position]),
            _letter.replayed_at.is_(None),
            _letter.replay_claimed_at == stored.replay_claimed_at,
        )
        .values(replay_claimed_at=now)
    )
    return store.write(lambda connection: connection.execute(statement).rowcount) > 0


def mark_replayed(store: PredictionStore, sent: Mapping[Position, int], now: datetime) -> None:
    """The offset at which each letter was sent again."""

    def write(connection: Connection) -> None:
        for position, offset in sent.items():
            statement = update(dead_letters).where(_at(dead_letters, [position]))
            connection.execute(statement.values(replayed_at=now, replayed_offset=offset))

    store.write(write)


def release(store: PredictionStore, positions: Collection[Position]) -> None:
    """Give claims back: these were not sent, for certain."""
    statement = update(dead_letters).values(replay_id=None, replay_claimed_at=None, replay_from=None)
    store.write(lambda connection: connection.execute(statement.where(_at(dead_letters, positions))))


def delete_letters(store: PredictionStore, choice: Choice) -> int:
    """How many rows are gone."""
    statement = delete(dead_letters).where(*conditions_of(choice))
    return store.write(lambda connection: connection.execute(statement).rowcount)


def find_dead(store: PredictionStore, positions: Collection[Position]) -> dict[Position, DeadLetter]:
    """Those of these messages that are dead letters."""
    letters = (
        _stored(row).letter
        for some in _in_parts(positions)
        for row in store.read(select(dead_letters).where(_at(dead_letters, some)))
    )
    return {letter.position: letter for letter in letters}


def find_answers(store: PredictionStore, positions: Collection[Position]) -> dict[Position, tuple[str, ...]]:
    """The classifiers that answered each of these messages, of those that were answered at all."""
    table = predictions.c
    answers: dict[Position, tuple[str, ...]] = {}
    for some in _in_parts(positions):
        statement = select(table.topic, table.partition, table.offset, table.classifier).where(
            _at(predictions, some), table.role == "production"
        )
        for *place, classifier in store.read(statement.order_by(table.classifier)):
            position = Position(*place)
            answers[position] = (*answers.get(position, ()), classifier)
    return answers


def conditions_of(choice: Choice) -> list[ColumnElement[bool]]:
    asked = {name: getattr(choice, name) for name in ("reason", "stage", "camera_id")}
    conditions = [_letter[name] == value for name, value in asked.items() if value is not None]
    if choice.positions:
        conditions.append(_at(dead_letters, choice.positions))
    if choice.since is not None:
        conditions.append(_letter.created_at >= choice.since)
    if choice.until is not None:
        conditions.append(_letter.created_at < choice.until)
    return conditions


def _at(table: Table, positions: Collection[Position]) -> ColumnElement[bool]:
    columns = table.c
    if len(positions) == 1:
        (only,) = positions
        return and_(columns.topic == only.topic, columns.partition == only.partition, columns.offset == only.offset)
    wanted = [(position.topic, position.partition, position.offset) for position in positions]
    return tuple_(columns.topic, columns.partition, columns.offset).in_(wanted)


def _in_parts(positions: Collection[Position]) -> Iterator[list[Position]]:
    remaining = list(positions)
    for start in range(0, len(remaining), _AT_ONCE):
        yield remaining[start : start + _AT_ONCE]


def _stored(row: Row[Any]) -> StoredLetter:
    columns = dict(row._mapping)
    position = Position(columns.pop("topic"), columns.pop("partition"), columns.pop("offset"))
    replay = {name: columns.pop(name) for name in list(columns) if name.startswith("replay")}
    return StoredLetter(letter=DeadLetter(position=position, **columns), **replay)
