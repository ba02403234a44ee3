"""The ledger adds up whatever is delivered how often, and by whom."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from stream.ledger import Entry, FrameRead, Outcome, begin, count
from stream.messages import DeadLetter, Position, Prediction
from stream.store import PredictionStore
from stream.tables import camera_drops, frame_ledger
from tests.stream.test_messages import PREDICTION
from tests.stream.test_store import LETTER

TOPIC = "frames"
OUTCOMES: list[Outcome] = ["stored", "dead", "dropped", "skipped"]


@pytest.fixture
def store(tmp_path: Path) -> PredictionStore:
    store = PredictionStore(f"sqlite:///{tmp_path / 'vigia.db'}", retry_seconds=5)
    store.migrate()
    return store


def store_frames(store: PredictionStore, frames: dict[int, Outcome], *, partition: int = 0, group: str = "g") -> None:
    """A batch of one partition, with the rows that belong to each outcome."""
    answers: list[Prediction] = []
    letters: list[DeadLetter] = []
    for offset, outcome in frames.items():
        position = Position(TOPIC, partition, offset)
        if outcome == "stored":
            answers.append(replace(PREDICTION, position=position))
        if outcome == "dead":
            letters.append(replace(LETTER, position=position))
    reads = [FrameRead(Position(TOPIC, partition, offset), outcome, "gate") for offset, outcome in frames.items()]
    store.store_batch(answers, letters, reads, group=group)


def read_entry(store: PredictionStore, *, partition: int = 0, group: str = "g") -> Entry:
    columns = [frame_ledger.c[name] for name in Entry.__slots__]
    wanted = select(*columns).where(frame_ledger.c.consumer_group == group, frame_ledger.c.partition == partition)
    return Entry(*store.read(wanted)[0])


def adds_up(entry: Entry) -> bool:
    counted = entry.stored + entry.dead + entry.dropped + entry.skipped + entry.expired
    return counted == entry.next_offset - entry.first_offset


def test_a_ledger_begins_at_the_first_frame_that_was_read(store: PredictionStore) -> None:
    store_frames(store, {40: "stored", 41: "dead"})

    assert read_entry(store) == Entry(first_offset=40, next_offset=42, stored=1, dead=1)


def test_a_batch_that_is_delivered_again_is_counted_once(store: PredictionStore) -> None:
    store_frames(store, {0: "stored", 1: "dropped", 2: "stored"})

    store_frames(store, {1: "dropped", 2: "stored", 3: "stored"})

    assert read_entry(store) == Entry(0, 4, stored=3, dropped=1)


def test_offsets_that_kafka_had_no_frame_for_are_expired(store: PredictionStore) -> None:
    store_frames(store, {0: "stored"})

    store_frames(store, {10: "stored"})

    assert read_entry(store) == Entry(0, 11, stored=2, expired=9)


def test_a_frame_that_dies_when_it_comes_again_is_dead_and_not_stored(store: PredictionStore) -> None:
    store_frames(store, {0: "stored", 1: "stored"})

    store_frames(store, {0: "dead", 1: "stored"})

    assert read_entry(store) == Entry(0, 2, stored=1, dead=1)


def test_a_frame_that_was_dropped_and_is_answered_when_it_comes_again_is_stored(store: PredictionStore) -> None:
    store_frames(store, {0: "dropped", 1: "stored"})

    store_frames(store, {0: "stored", 1: "dropped"})

    assert read_entry(store) == Entry(0, 2, stored=2)


def test_each_group_and_partition_has_its_own_entry(store: PredictionStore) -> None:
    store_frames(store, {0: "stored"}, partition=0, group="a")
    store_frames(store, {7: "skipped"}, partition=1, group="b")

    assert read_entry(store, partition=0, group="a") == Entry(0, 1, stored=1)
    assert read_entry(store, partition=1, group="b") == Entry(7, 8, skipped=1)


def test_dropped_frames_are_counted_by_camera_and_once(store: PredictionStore) -> None:
    store_frames(store, {0: "dropped", 1: "dropped", 2: "stored"})
    store_frames(store, {1: "dropped", 2: "stored", 3: "dropped"})

    (row,) = store.read(select(camera_drops))
    assert (row.consumer_group, row.camera_id, row.dropped) == ("g", "gate", 3)


def test_a_batch_that_cannot_be_stored_is_not_counted(store: PredictionStore) -> None:
    broken = replace(LETTER, position=Position(TOPIC, 0, 0), reason=None)  # type: ignore[arg-type]  # the database must refuse it
    with pytest.raises(Exception, match="NOT NULL"):
        store.store_batch([], [broken], [FrameRead(Position(TOPIC, 0, 0), "dead")], group="g")

    assert store.read(select(frame_ledger)) == []


def test_two_workers_that_hold_a_partition_for_a_moment_count_each_frame_once(store: PredictionStore) -> None:
    def work() -> None:
        for start in range(0, 200, 10):
            store_frames(store, dict.fromkeys(range(start, start + 10), "stored"))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert read_entry(store) == Entry(0, 200, stored=200)


@dataclass
class Delivery:
    """A worker that reads a partition from a committed offset; what it says of a frame may differ each time."""

    position: int = 0


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[str, int, list[Outcome]]]:
    """Steps of two workers: read some frames, or begin again at what was committed, some steps behind."""
    step = st.tuples(
        st.sampled_from(["first", "second", "first begins again", "second begins again"]),
        st.integers(0, 6),
        st.lists(st.sampled_from(OUTCOMES), min_size=1, max_size=6),
    )
    return draw(st.lists(step, min_size=1, max_size=25))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(history=histories(), start=st.integers(0, 3))
def test_the_ledger_adds_up_and_agrees_with_the_rows_for_any_order_of_redelivery(
    history: list[tuple[str, int, list[Outcome]]], start: int
) -> None:
    with _fresh_store() as store:
        stored_to = start
        workers = {"first": Delivery(start), "second": Delivery(start)}
        rows: dict[int, Outcome] = {}
        for who, behind, outcomes in history:
            worker = workers[who.split()[0]]
            if who.endswith("again"):
                worker.position = max(start, stored_to - behind)
                continue
            frames = {worker.position + number: outcome for number, outcome in enumerate(outcomes)}
            store_frames(store, frames)
            worker.position += len(frames)
            stored_to = max(stored_to, worker.position)
            for offset, outcome in frames.items():
                rows[offset] = _final(rows.get(offset), outcome)

        if not rows:
            return
        entry = read_entry(store)
        assert adds_up(entry)
        assert (entry.first_offset, entry.next_offset, entry.expired) == (start, stored_to, 0)
        finals = list(rows.values())
        assert (entry.stored, entry.dead) == (finals.count("stored"), finals.count("dead"))


@given(
    st.lists(st.sets(st.integers(0, 60), min_size=1, max_size=15), min_size=1, max_size=10),
    st.sampled_from(OUTCOMES),
)
def test_whatever_is_missing_between_two_batches_is_expired(batches: list[set[int]], outcome: Outcome) -> None:
    entry = begin(min(batches[0]))
    for batch in batches:
        entry = count(entry, dict.fromkeys(batch, outcome), {})

    assert adds_up(entry)
    assert entry.next_offset == max(max(batch) for batch in batches) + 1


def _final(before: Outcome | None, now: Outcome) -> Outcome:
    if "dead" in (before, now):
        return "dead"
    if "stored" in (before, now):
        return "stored"
    return before or now


@contextmanager
def _fresh_store() -> Iterator[PredictionStore]:
    with TemporaryDirectory() as folder:
        store = PredictionStore(f"sqlite:///{folder}/vigia.db")
        store.migrate()
        yield store
        store.engine.dispose()


def test_a_challenger_s_row_is_no_answer_of_production_s(store: PredictionStore) -> None:
    place = Position(TOPIC, 0, 5)
    store.store_batch([], [], [FrameRead(place, "dropped")], group="g")
    shadow = replace(PREDICTION, position=place, role="shadow")
    store.store_batch([shadow], [], [FrameRead(place, "stored")], group="s", role="shadow")

    store_frames(store, {5: "stored"})

    assert read_entry(store) == Entry(5, 6, stored=1)
    assert read_entry(store, group="s") == Entry(5, 6, stored=1)


def test_a_dead_letter_of_production_s_is_none_of_the_challenger_s(store: PredictionStore) -> None:
    place = Position(TOPIC, 0, 5)
    store_frames(store, {5: "dead"})
    store.store_batch([], [], [FrameRead(place, "dropped")], group="s", role="shadow")
    shadow = replace(PREDICTION, position=place, role="shadow")
    store.store_batch([shadow], [], [FrameRead(place, "stored")], group="s", role="shadow")

    assert read_entry(store, group="s") == Entry(5, 6, stored=1)
