"""Dead letters are forgotten: rows by choice, and with all of them the bytes on their topic."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import func, select

from stream.dead_letters.records import Choice, conditions_of, delete_letters
from stream.dead_letters.topic import connect
from stream.store import PredictionStore
from stream.tables import dead_letters


@dataclass(frozen=True, slots=True)
class Purged:
    """What is gone."""

    rows: int
    messages: int
    """Offsets of the dead-letter topic."""


def count_letters(store: PredictionStore, choice: Choice) -> int:
    rows = store.read(select(func.count()).select_from(dead_letters).where(*conditions_of(choice)))
    return int(rows[0][0]) if rows else 0


def purge_letters(
    store: PredictionStore, choice: Choice, bootstrap: str | None, *, say: Callable[[str], object] = lambda text: None
) -> Purged:
    """Delete the rows, and with a `bootstrap` everything on the topic that is there now.

    The topic is cut first: were the rows gone and the broker away, nobody would know of the bytes any more.
    """
    messages = asyncio.run(_empty_topic(bootstrap)) if bootstrap else 0
    if bootstrap:
        say(f"{messages} messages deleted from the dead-letter topic")
    return Purged(delete_letters(store, choice) if count_letters(store, choice) else 0, messages)


async def _empty_topic(bootstrap: str) -> int:
    async with connect(bootstrap) as topics:
        return await topics.delete_letters()
