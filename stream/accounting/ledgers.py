"""The ledger as it is in the store, and the rows that it should agree with."""

from sqlalchemy import ColumnElement, Table, func, select

from stream.accounting.equation import Rows
from stream.ledger import Entry
from stream.messages import SHADOW_GROUP, Role
from stream.store import PredictionStore
from stream.tables import dead_letters, frame_ledger, predictions

Ledger = dict[str, dict[int, Entry]]
"""By consumer group and partition."""


def read_ledger(store: PredictionStore, topic: str) -> Ledger:
    """Empty when the store was never used, or is of a version without a ledger. Raises StoreError when it is away."""
    if not store.has_table(frame_ledger.name):
        return {}
    columns = (frame_ledger.c[name] for name in Entry.__slots__)
    key = frame_ledger.c.consumer_group, frame_ledger.c.partition
    ledger: Ledger = {}
    for group, partition, *counts in store.read(select(*key, *columns).where(frame_ledger.c.topic == topic)):
        ledger.setdefault(group, {})[partition] = Entry(*counts)
    return ledger


def count_rows(store: PredictionStore, topic: str, partition: int, entry: Entry, *, role: Role = "production") -> Rows:
    """Every frame that the entry covers, looked up in the rows of that role; takes as long as there are many."""

    def covered(table: Table) -> ColumnElement[bool]:
        return (
            (table.c.topic == topic)
            & (table.c.partition == partition)
            & (table.c.offset >= entry.first_offset)
            & (table.c.offset < entry.next_offset)
        )

    answered = covered(predictions) & (predictions.c.role == role)
    if role != "production":  # dead letters are production's alone
        return Rows(store.read(select(func.count(func.distinct(predictions.c.offset))).where(answered))[0][0], dead=0)
    is_dead = (
        select(dead_letters.c.offset)
        .where(covered(dead_letters), dead_letters.c.offset == predictions.c.offset)
        .exists()
    )
    stored = select(func.count(func.distinct(predictions.c.offset))).where(answered, ~is_dead)
    dead = select(func.count()).select_from(dead_letters).where(covered(dead_letters))
    return Rows(stored=store.read(stored)[0][0], dead=store.read(dead)[0][0])


def role_of(group: str) -> Role:
    """In which the workers of a consumer group answer."""
    return "shadow" if group == SHADOW_GROUP else "production"
