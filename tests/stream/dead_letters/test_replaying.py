"""Replays against a real Kafka, most of them without a worker: what is sent, once, and what is said of the rest."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from stream.dead_letters import records
from stream.dead_letters.records import LEASE, Choice, StoredLetter, find_letter, find_letters
from stream.dead_letters.replaying import Replay, ReplayReport, replay_letters
from stream.dead_letters.topic import Topics, find_kept_letter
from stream.messages import FRAMES_TOPIC, DeadLetter, Outgoing, Position
from stream.store import PredictionStore
from stream.tables import dead_letters
from tests.stream.dead_letters.buried import bury
from tests.stream.embedded_kafka import EmbeddedKafka
from tests.stream.live import LiveWorker, end_offsets, read_since, send, small_frames

pytestmark = pytest.mark.integration

ORIGINAL = Outgoing(
    FRAMES_TOPIC, b"\xff key", b"\x00 value", (("a", b"1"), ("a", None), ("ñ", b"\xff")), timestamp_ms=1_600_000_000_123
)


@pytest.fixture
def store(tmp_path: Path) -> PredictionStore:
    store = PredictionStore(f"sqlite:///{tmp_path / 'store' / 'vigia.db'}")
    store.migrate()
    return store


def replay(kafka: str, store: PredictionStore, choice: Choice = Choice(), wait_seconds: float = 0) -> ReplayReport:  # noqa: B008  frozen
    return replay_letters(store, kafka, find_letters(store, choice, newest_first=False), wait_seconds=wait_seconds)


def row(store: PredictionStore, letter: DeadLetter) -> StoredLetter:
    found = find_letter(store, letter.position)
    assert found is not None
    return found


class Arrivals:
    """What comes onto the frames topic from now on."""

    def __init__(self, kafka: str) -> None:
        self._kafka, self._starts = kafka, end_offsets(kafka, FRAMES_TOPIC)

    def read(self) -> list[Any]:
        return read_since(self._kafka, FRAMES_TOPIC, self._starts)


def test_a_replay_sends_the_original_byte_for_byte_to_its_partition_and_marks_where(
    kafka: str, store: PredictionStore
) -> None:
    (letter,) = bury(kafka, store, [ORIGINAL], partition=2)
    arrivals = Arrivals(kafka)

    report = replay(kafka, store)

    (arrived,) = arrivals.read()
    assert (arrived.key, arrived.value, arrived.timestamp) == (ORIGINAL.key, ORIGINAL.value, ORIGINAL.timestamp_ms)
    assert arrived.headers[:3] == ORIGINAL.headers
    assert dict(arrived.headers)["vigia.replay.of"] == letter.position.frame_id.encode()
    assert arrived.partition == 2
    assert report.sent == {letter.position: Position(FRAMES_TOPIC, 2, arrived.offset)}
    assert row(store, letter).replayed_as == Position(FRAMES_TOPIC, 2, arrived.offset)


def test_replaying_again_sends_nothing_and_says_when_it_was_replayed(kafka: str, store: PredictionStore) -> None:
    (letter,) = bury(kafka, store, [ORIGINAL])
    replay(kafka, store)
    arrivals = Arrivals(kafka)

    again = replay(kafka, store)

    assert arrivals.read() == []
    assert again.sent == {}
    assert again.not_sent[letter.position][0] == "replayed"


def test_of_two_commands_at_once_each_letter_is_sent_by_one(kafka: str, store: PredictionStore) -> None:
    letters = bury(kafka, store, [ORIGINAL] * 250)
    arrivals = Arrivals(kafka)
    reports: list[ReplayReport] = []
    threads = [threading.Thread(target=lambda: reports.append(replay(kafka, store))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    names = [dict(record.headers)["vigia.replay.of"].decode() for record in arrivals.read()]
    assert sorted(names) == sorted(letter.position.frame_id for letter in letters)
    assert sum(len(report.sent) for report in reports) == 250


@pytest.mark.parametrize("crash", ["before sending", "after sending"])
def test_a_command_that_ended_between_claim_and_mark_is_continued_without_sending_twice(
    kafka: str, store: PredictionStore, monkeypatch: pytest.MonkeyPatch, crash: str
) -> None:
    letters = bury(kafka, store, [ORIGINAL] * 3)
    arrivals = Arrivals(kafka)

    class Killed(BaseException): ...

    def die(*arguments: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Topics, "send", die) if crash == "before sending" else patched.setattr(Replay, "_mark", die)
        with pytest.raises(Killed):
            replay(kafka, store)
    sent_before = len(arrivals.read())

    soon = replay(kafka, store)
    grow_old(store, LEASE)
    later = replay(kafka, store)

    assert sent_before == (0 if crash == "before sending" else 3)
    assert {obstacle for obstacle, _ in soon.not_sent.values()} == {"elsewhere"}
    assert len(later.sent) == 3
    assert later.continued == sent_before
    names = [dict(record.headers)["vigia.replay.of"].decode() for record in arrivals.read()]
    assert sorted(names) == sorted(letter.position.frame_id for letter in letters)
    assert all(row(store, letter).replayed_at for letter in letters)


def test_what_cannot_be_replayed_is_said_and_stays_as_it_was(kafka: str, store: PredictionStore) -> None:
    (gone,) = bury(kafka, store, [ORIGINAL], on_topic=False)
    (left_out,) = bury(kafka, store, [ORIGINAL], max_value_bytes=3)
    (elsewhere,) = bury(kafka, store, [ORIGINAL], partition=9)
    # as it came, with the headers of a replay, it is larger than the topic takes
    (full,) = bury(kafka, store, [Outgoing(FRAMES_TOPIC, b"k", bytes(2_199_900))])
    (fine,) = bury(kafka, store, [ORIGINAL])

    report = replay(kafka, store)

    assert list(report.sent) == [fine.position]
    assert {letter: obstacle for letter, (obstacle, _) in report.not_sent.items()} == {
        gone.position: "gone",
        left_out.position: "left_out",
        elsewhere.position: "refused",
        full.position: "refused",
    }
    assert all(row(store, letter).replay_id is None for letter in (gone, left_out, elsewhere, full))
    assert find_kept_letter(kafka, gone.position) is None


def test_after_a_model_is_promoted_replays_are_answered_once_and_what_dies_again_is_told(tmp_path: Path) -> None:
    run = "replayed"
    with EmbeddedKafka(tmp_path / "kafka") as broker, LiveWorker(tmp_path, broker.bootstrap) as worker:
        (tmp_path / "cameras.yaml").write_text(
            f"cameras: {{{run}-0: {{source: x, classifiers: [simpsons]}},"
            f" {run}-1: {{source: x, classifiers: [cars, simpsons]}}}}"
        )
        worker.registry.promote(cars=1)
        broken = Outgoing(FRAMES_TOPIC, b"k", b"broken")
        send(broker.bootstrap, [*small_frames(20, cameras=2, run=run), broken])
        worker.start()
        worker.wait_for_rows("dead_letters", 21)
        assert worker.query("SELECT DISTINCT classifier FROM predictions")[0][0] == "cars"
        worker.registry.promote(simpsons=3)
        worker.wait_for_rows("model_events WHERE classifier = 'simpsons'", 1)

        first = replay(broker.bootstrap, worker.store, wait_seconds=240)
        second = replay(broker.bootstrap, worker.store, wait_seconds=240)

        counts = worker.query("SELECT frame_id, classifier, count(*) FROM predictions GROUP BY 1, 2")
        expected = {(f"{run}-{number}", "simpsons", 1) for number in range(20)}
        expected |= {(f"{run}-{number}", "cars", 1) for number in range(1, 20, 2)}
        assert {tuple(each) for each in counts} == expected
        assert (len(first.sent), len(first.answered), first.waiting) == (21, 20, [])
        ((died, again),) = first.again_dead.items()
        assert again.reason == "not_json"
        assert records.find_origin(worker.store, again.position) == died
        # the letter of the second death may be replayed too, the others were
        assert list(second.sent) == [again.position]
        (third,) = second.again_dead.values()
        kept = find_kept_letter(broker.bootstrap, third.position)
        assert kept is not None
        assert (kept.key, kept.value, kept.attempts) == (b"k", b"broken", 3)
        assert worker.end() == 0


def grow_old(store: PredictionStore, age: timedelta) -> None:
    """As if so much time had gone by since the claims."""
    with store.engine.begin() as connection:
        moment = datetime.now(UTC) - age - timedelta(seconds=1)
        connection.execute(dead_letters.update().values(replay_claimed_at=moment))
