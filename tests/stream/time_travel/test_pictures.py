from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from stream.frames.frame_store import FrameStore
from stream.frames.kept_frames import KeptIndex
from stream.messages import Position
from stream.time_travel.pictures import Found, Pictures, Source, tell_gone
from stream.time_travel.topic import Expired, FramesTopic
from stream.time_travel.windows import LiveFrame, load_frames, plan_parts
from tests.stream.time_travel.past import Past, make_past


class Topic:
    """What a topic holds, and what was asked of it."""

    def __init__(self, holds: dict[Position, bytes]) -> None:
        self.holds = holds
        self.asked: list[Position] = []

    def read(self, positions: Sequence[Position]) -> Iterator[tuple[Position, bytes | Expired]]:
        self.asked.extend(positions)
        for position in positions:
            yield position, self.holds.get(position, Expired())


@pytest.fixture
def past(tmp_path: Path) -> Past:
    return make_past(tmp_path, None, frames=20)


def read(past: Past, source: Source, topic: Topic | None = None) -> dict[str, Found]:
    store = FrameStore(str(past.settings.state / "kept"))
    pictures = Pictures(source, store, KeptIndex(past.store), cast("FramesTopic | None", topic))
    return {found.frame.frame_id: found for found in pictures.read(first_frames(past))}


def first_frames(past: Past) -> tuple[LiveFrame, ...]:
    """f0, f4, f8, f12 and f16."""
    return load_frames(past.store, past.window, plan_parts(past.store, past.window)[0], None)


def test_what_is_kept_is_not_asked_of_the_topic(past: Past) -> None:
    past.keep([0, 8])
    topic = Topic({past.positions[4]: past.jpegs[4], past.positions[12]: past.jpegs[12]})

    found = read(past, "auto", topic)

    assert [past.positions.index(each) for each in topic.asked] == [4, 12, 16]
    assert {name: (each.origin, each.reason) for name, each in found.items()} == {
        "f0": ("kept", ""),
        "f4": ("topic", ""),
        "f8": ("kept", ""),
        "f12": ("topic", ""),
        "f16": ("gone", "expired"),
    }
    assert found["f8"].jpeg == past.jpegs[8]


def test_another_picture_in_the_place_of_the_old_one_is_gone_and_no_answer(past: Past) -> None:
    found = read(past, "topic", Topic({past.positions[0]: past.jpegs[1]}))

    assert (found["f0"].origin, found["f0"].reason) == ("gone", "other_picture")


def test_a_kept_file_that_is_damaged_is_looked_for_on_the_topic(past: Past) -> None:
    past.keep([0, 4])
    for file in (past.settings.state / "kept").rglob("*.jpg"):
        file.write_bytes(b"rubble")

    found = read(past, "auto", Topic({past.positions[0]: past.jpegs[0]}))

    assert (found["f0"].origin, found["f4"].reason) == ("topic", "expired")
    assert read(past, "kept")["f4"].reason == "unreadable"


def test_without_a_broker_only_what_is_kept_can_be_asked_again(past: Past) -> None:
    past.keep([4])

    found = read(past, "auto")

    assert Counter((each.origin, each.reason) for each in found.values()) == {("kept", ""): 1, ("gone", "no_broker"): 4}


def test_a_row_of_another_picture_is_not_served_from_the_kept_ones(past: Past) -> None:
    past.keep([0])
    frames = [replace(frame, image_sha256="00" * 32) for frame in first_frames(past)[:1]]
    pictures = Pictures("kept", FrameStore(str(past.settings.state / "kept")), KeptIndex(past.store), None)

    (found,) = pictures.read(frames)

    assert found.reason == "other_picture"


def test_reasons_are_told_in_words_the_most_frequent_first() -> None:
    assert tell_gone(Counter(expired=1200, failed=3)) == "1,200 no longer on the topic, 3 the version fails on it"
