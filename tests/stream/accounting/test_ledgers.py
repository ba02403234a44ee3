from dataclasses import replace
from pathlib import Path

import pytest

from stream.accounting.equation import Rows
from stream.accounting.ledgers import count_rows, read_ledger
from stream.ledger import Entry, FrameRead
from stream.messages import FRAMES_TOPIC, Position
from stream.store import PredictionStore
from tests.stream.test_messages import PREDICTION
from tests.stream.test_store import LETTER


@pytest.fixture
def store(tmp_path: Path) -> PredictionStore:
    store = PredictionStore(f"sqlite:///{tmp_path / 'vigia.db'}")
    store.migrate()
    return store


def test_a_store_that_was_never_used_has_no_ledger_and_is_not_made_by_asking(tmp_path: Path) -> None:
    file = tmp_path / "none.db"

    assert read_ledger(PredictionStore(f"sqlite:///{file}"), FRAMES_TOPIC) == {}
    assert not file.exists()


def test_a_ledger_is_read_by_group_and_partition_and_its_rows_are_found_again(store: PredictionStore) -> None:
    places = [Position(FRAMES_TOPIC, 3, offset) for offset in range(5, 9)]
    answers = [
        replace(PREDICTION, position=place, classifier=name) for place in places[:3] for name in ("cars", "cats_dogs")
    ]
    letters = [replace(LETTER, position=place) for place in places[2:]]
    reads = [FrameRead(place, "dead" if place in places[2:] else "stored") for place in places]

    store.store_batch(answers, letters, reads, group="vigia-worker")

    entry = Entry(5, 9, stored=2, dead=2)
    assert read_ledger(store, FRAMES_TOPIC) == {"vigia-worker": {3: entry}}
    assert count_rows(store, FRAMES_TOPIC, 3, entry) == Rows(stored=2, dead=2)
    assert read_ledger(store, "another topic") == {}


def test_only_rows_that_the_ledger_covers_are_counted(store: PredictionStore) -> None:
    store.store_batch([replace(PREDICTION, position=Position(FRAMES_TOPIC, 0, offset)) for offset in range(10)], [])

    assert count_rows(store, FRAMES_TOPIC, 0, Entry(2, 6)) == Rows(stored=4, dead=0)


def test_rows_of_a_challenger_are_counted_apart_and_without_dead_letters(store: PredictionStore) -> None:
    places = [Position(FRAMES_TOPIC, 3, offset) for offset in range(5, 8)]
    store.store_batch([replace(PREDICTION, position=places[0])], [replace(LETTER, position=places[1])])
    store.store_batch([replace(PREDICTION, position=place, role="shadow") for place in places[:2]], [])
    entry = Entry(5, 8)

    assert count_rows(store, FRAMES_TOPIC, 3, entry) == Rows(stored=1, dead=1)
    assert count_rows(store, FRAMES_TOPIC, 3, entry, role="shadow") == Rows(stored=2, dead=0)
