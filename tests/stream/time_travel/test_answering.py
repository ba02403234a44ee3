import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from pipelines.errors import ModelError, StoreError
from pipelines.images import Image
from pipelines.inference import Inference
from stream.messages import Prediction
from stream.time_travel.answering import BATCH, MOST_MISSING, Answering, Storing, Tally, decode_ahead, read_ahead
from stream.time_travel.pictures import Found
from stream.time_travel.windows import LiveFrame
from stream.worker.batches import BatchReader
from tests.stream.fakes import NOON, POISON, FakeClassifier, draw_jpeg, message_of
from tests.stream.test_messages import PREDICTION
from tests.stream.time_travel.past import message_at


def frame(number: int) -> LiveFrame:
    position = replace(PREDICTION.position, offset=number)
    return LiveFrame(position, f"f{number}", "gate", None, "ab" * 32, NOON, NOON)


def found(number: int, value: int = 100) -> Found:
    return Found(frame(number), "kept", draw_jpeg(value))


def answer(founds: Sequence[Found], classifier: FakeClassifier | None = None) -> tuple[Tally, list[Prediction]]:
    total, rows = Tally(), []
    for tally, predictions in Answering(classifier or FakeClassifier(version=4), "here/replay").answer(founds):
        total.add(tally)
        rows.extend(predictions)
    return total, rows


def test_frames_are_answered_in_their_order_under_the_replay_s_own_role() -> None:
    classifier = FakeClassifier(version=4, precision="int8")
    tally, rows = answer([found(number, 10 if number % 2 else 240) for number in range(40)], classifier)

    assert [row.frame_id for row in rows] == [f"f{number}" for number in range(40)]
    assert [row.label for row in rows] == ["light", "dark"] * 20
    assert {(row.role, row.model_version, row.worker) for row in rows} == {("replay-4", 4, "here/replay")}
    assert {row.precision for row in rows} == {"int8"}
    assert (tally.kept, tally.topic, tally.answered, tally.frames) == (40, 0, 40, 40)


def test_a_replay_says_of_a_picture_what_the_worker_says() -> None:
    classifier = FakeClassifier()
    message = message_of(message_at(0, draw_jpeg(120)))
    live = BatchReader("here/worker-1").read([message], {"cars": classifier}, {}).predictions[0]

    _, (again,) = answer([Found(frame(0), "topic", draw_jpeg(120))], classifier)

    assert (again.label, again.confidence, again.top, again.decision) == (
        live.label,
        live.confidence,
        live.top,
        live.decision,
    )


def test_what_is_gone_or_cannot_be_decoded_is_missing_with_its_reason() -> None:
    gone = Found(frame(1), "gone", reason="expired")

    tally, rows = answer([found(0), gone, Found(frame(2), "topic", b"no picture")])

    assert [row.frame_id for row in rows] == ["f0"]
    assert tally.missing == {"expired": 1, "undecodable": 1}
    assert [(each.frame_id, each.reason) for each in tally.missing_frames] == [("f1", "expired"), ("f2", "undecodable")]
    assert tally.frames == 3


def test_a_frame_that_the_version_fails_on_takes_no_other_with_it() -> None:
    tally, rows = answer([found(0), found(1, POISON), found(2)])

    assert [row.frame_id for row in rows] == ["f0", "f2"]
    assert tally.missing == {"failed": 1}
    assert [each.frame_id for each in tally.missing_frames] == ["f1"]


def test_of_very_many_missing_frames_some_are_named_and_all_are_counted() -> None:
    total, more = Tally(), Tally()
    for tally, frames in ((total, MOST_MISSING - 2), (more, 5)):
        for number in range(frames):
            tally.miss(frame(number), "expired")
    total.add(more)
    total.miss(frame(0), "expired")

    assert (len(total.missing_frames), total.missing["expired"]) == (MOST_MISSING, MOST_MISSING + 4)


def test_a_version_that_fails_on_everything_ends_the_replay() -> None:
    with pytest.raises(ModelError, match="cars version 1 to classify"):
        answer([found(0)], FakeClassifier(always_fails=True))


def test_batches_are_full_while_there_are_frames() -> None:
    sizes: list[int] = []

    class Counting(FakeClassifier):
        def infer(self, images: Sequence[Image]) -> Inference:
            sizes.append(len(images))
            return super().infer(images)

    answer([found(number) for number in range(2 * BATCH + 1)], Counting())

    assert sizes == [BATCH, BATCH, 1]


def test_large_pictures_are_not_decoded_far_ahead() -> None:
    taken = 0

    def many() -> Iterator[Found]:
        nonlocal taken
        jpeg = draw_jpeg(100, 2500)  # 19 MB of pixels
        for number in range(12):
            taken += 1
            yield Found(frame(number), "kept", jpeg)

    ahead = [taken - got for got, _ in enumerate(decode_ahead(many()))]

    assert max(ahead[:8]) <= 10


def test_reading_ahead_gives_every_item_and_raises_what_reading_raises() -> None:
    def items() -> Iterator[int]:
        yield from range(50)
        raise StoreError("Expected a store.")

    seen: list[int] = []
    with pytest.raises(StoreError, match="Expected a store"):
        seen.extend(read_ahead(items(), 2))
    assert [*read_ahead(range(50), 3)] == [*range(50)]


def test_who_stops_listening_ends_the_thread_that_reads() -> None:
    closed = threading.Event()

    def items() -> Iterator[int]:
        try:
            yield from range(10_000)
        finally:
            closed.set()

    ahead = read_ahead(items(), 2)
    assert next(iter(ahead)) == 0
    ahead.close()  # type: ignore[attr-defined]

    assert closed.is_set()
    assert "reading the past" not in {thread.name for thread in threading.enumerate()}


def test_every_row_is_stored_when_storing_is_closed() -> None:
    stored: list[Prediction] = []
    storing = Storing(stored.extend)
    for number in range(300):
        storing.put([replace(PREDICTION, frame_id=str(number))])
    storing.close()

    assert [row.frame_id for row in stored] == [str(number) for number in range(300)]


def test_a_store_that_is_away_is_heard_of() -> None:
    def fail(rows: list[Prediction]) -> None:
        raise StoreError("Expected a store.")

    storing = Storing(fail)
    storing.put([PREDICTION])
    with pytest.raises(StoreError, match="Expected a store"):
        storing.close()
