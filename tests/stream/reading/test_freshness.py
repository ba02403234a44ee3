from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.messages import FRAMES_TOPIC, Mode, Position
from stream.reading.freshness import (
    FRESH_SECONDS,
    MOST_KNOWN,
    OLDEST_SECONDS,
    FrameHead,
    Freshness,
    PartitionClock,
    read_head,
)

TODAY = 1_760_000_000.0
PARTITION = (FRAMES_TOPIC, 0)


@dataclass
class World:
    """A partition, a clock on the wall that may be wrong, and a steady one."""

    now: float = 1000.0
    camera_is_ahead: float = 0.0
    freshness: Freshness = field(default_factory=Freshness)
    end: int = 0
    captured: dict[int, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.freshness.steady = lambda: self.now
        self.freshness.wall = lambda: TODAY + self.now
        self.freshness.modes = lambda: {"gate": "realtime", "archive": "lossless"}

    def arrive(self, frames: int = 1) -> None:
        """New frames at the partition's end; the worker knows of them."""
        for _ in range(frames):
            self.captured[self.end] = TODAY + self.now + self.camera_is_ahead
            self.end += 1
        self.hear()

    def hear(self) -> None:
        """A fetch tells the partition's end."""
        self.freshness.judge(FrameHead(Position(*PARTITION, self.end - 1), "gate", None, None), self.end)

    def dropped(self, offset: int, *, camera: str | None = "gate", mode: Mode | None = None) -> bool:
        head = FrameHead(Position(*PARTITION, offset), camera, mode, self.captured.get(offset))
        return not self.freshness.judge(head, self.end).answer


@pytest.fixture
def world() -> World:
    world = World()
    world.freshness.nothing_beyond(PARTITION, 0)
    return world


def test_a_young_frame_is_answered(world: World) -> None:
    world.arrive(2)
    world.now += OLDEST_SECONDS / 2

    assert not world.dropped(0)


def test_an_old_frame_is_dropped_when_a_newer_one_is_known(world: World) -> None:
    world.arrive(2)
    world.now += OLDEST_SECONDS * 1.1

    assert world.dropped(0)


def test_the_last_frame_that_is_known_is_answered_however_old_it_is(world: World) -> None:
    world.arrive(2)
    world.now += 3600

    assert world.dropped(0)
    assert not world.dropped(1)


def test_once_behind_frames_are_dropped_until_one_is_fresh(world: World) -> None:
    world.arrive(2)
    world.now += OLDEST_SECONDS - FRESH_SECONDS
    world.arrive()
    world.now += FRESH_SECONDS * 1.1
    world.arrive(2)

    assert [world.dropped(offset) for offset in range(4)] == [True, True, True, False]


@pytest.mark.parametrize(
    ("camera", "mode"), [("archive", None), ("stranger", None), (None, None), ("gate", "lossless")]
)
def test_a_frame_that_is_not_realtime_is_never_dropped(world: World, camera: str | None, mode: Mode | None) -> None:
    world.arrive(2)
    world.now += 3600

    assert not world.dropped(0, camera=camera, mode=mode)


def test_a_frame_may_say_itself_that_it_is_realtime(world: World) -> None:
    world.arrive(2)
    world.now += 3600

    assert world.dropped(0, camera="stranger", mode="realtime")


@pytest.mark.parametrize("ahead", [0.0, 3600.0, -3600.0, 86_400.0 * 365, -5.0])
def test_a_wrong_clock_neither_ages_a_frame_nor_keeps_it_young(world: World, ahead: float) -> None:
    world.camera_is_ahead = ahead
    world.now += 10
    world.freshness.nothing_beyond(PARTITION, 0)
    world.now += 0.02
    world.arrive(3)

    assert not world.dropped(0), "it has just arrived"
    world.now += 2

    assert world.dropped(1)


def test_a_clock_that_steps_while_frames_come_changes_nothing(world: World) -> None:
    for ahead in (0.0, 3600.0, -7200.0, 0.0):
        world.camera_is_ahead = ahead
        world.freshness.nothing_beyond(PARTITION, world.end)
        world.now += 0.02
        world.arrive(2)
        assert not world.dropped(world.end - 2), ahead
        world.now += 1


def test_a_backlog_from_before_the_worker_is_told_by_the_cameras_clock(world: World) -> None:
    late = World()
    late.arrive(3)
    late.freshness = Freshness()
    late.__post_init__()
    late.now += 60

    assert late.dropped(0)


def test_a_backlog_from_a_camera_whose_clock_is_ahead_is_left_behind_all_the_same() -> None:
    late = World(camera_is_ahead=3600)
    late.arrive(3)
    late.freshness = Freshness()
    late.__post_init__()
    late.now += 60

    assert not late.dropped(0), "nothing tells its age yet"
    late.now += OLDEST_SECONDS * 1.1
    assert late.dropped(1), "it is known for that long"


@given(
    st.lists(st.tuples(st.integers(0, 5), st.floats(0.001, 2)), min_size=1, max_size=3 * MOST_KNOWN), st.integers(0, 9)
)
def test_the_true_age_lies_between_the_bounds(arrivals: list[tuple[int, float]], pick: int) -> None:
    clock, now, end = PartitionClock(), 0.0, 0
    arrived: dict[int, float] = {}
    for frames, pause in arrivals:
        for offset in range(end, end + frames):
            arrived[offset] = now + pause / 2
        end += frames
        # what is heard at `now + pause` was true a little earlier
        now += pause
        clock.reach(end, now)
        if frames == 0:
            clock.stop(end, now - pause / 2)
    for offset in list(arrived)[-1 - pick :]:
        youngest, oldest = clock.ages(offset, now + 1)
        assert youngest <= now + 1 - arrived[offset] <= oldest + 1e-9


def test_the_clock_does_not_grow_with_what_waits() -> None:
    clock = PartitionClock()
    for number in range(10_000):
        clock.reach(number, float(number))

    assert max(len(clock._reached), len(clock._not_beyond)) <= MOST_KNOWN


HERE = Position(FRAMES_TOPIC, 1, 7)


def test_a_v2_frame_names_camera_time_and_mode_in_its_headers() -> None:
    headers = [("camera_id", b"gate"), ("captured_at", b"2025-06-01T12:00:00Z"), ("mode", b"realtime")]

    assert read_head(HERE, b"key", headers, 5.0) == FrameHead(HERE, "gate", "realtime", 1_748_779_200.0)


def test_a_v1_frame_is_told_by_its_key_and_the_time_it_was_sent() -> None:
    assert read_head(HERE, b"gate", (), 5.0) == FrameHead(HERE, "gate", None, 5.0)


@pytest.mark.parametrize(
    ("key", "headers"),
    [
        (None, ()),
        (b"\xff", ()),
        (b"", [("camera_id", None)]),
    ],
)
def test_a_frame_without_a_readable_camera_has_none(key: bytes | None, headers: list[tuple[str, bytes | None]]) -> None:
    assert read_head(HERE, key, headers, None).camera_id is None


@pytest.mark.parametrize("words", [b"yesterday", b"2025-06-01T12:00:00", b"\xff", None])
def test_a_time_that_cannot_be_read_is_none(words: bytes | None) -> None:
    assert read_head(HERE, None, [("camera_id", b"gate"), ("captured_at", words)], 5.0).captured_at is None


def serve_under_overload(*, ahead: float, times: int, chunk: int = 70, seconds: float = 20.0) -> tuple[float, float]:
    """Oldest age at which a frame was taken up, and the share of its own pace that the worker kept.

    A worker of 150 frames a second fetches up to 70 frames at once from one partition, and the next ones as soon as it
    has taken these; `ahead` is the camera's clock.
    """
    world, pace, ages = World(camera_is_ahead=ahead), 1 / 150, []
    rate, position, start = times * 150, 0, world.now
    while world.now < start + seconds:
        fetched = int((world.now - start) * rate)
        world.now += 0.005
        world.end = int((world.now - start) * rate)
        for offset in range(position, min(fetched, position + chunk)):
            arrived = start + (offset + 1) / rate
            world.captured[offset] = TODAY + arrived + ahead
            if world.dropped(offset):
                world.now += 1e-5
            else:
                ages.append(world.now - arrived)
                world.now += pace
            position = offset + 1
    return max(ages), len(ages) * pace / seconds


@pytest.mark.parametrize("ahead", [0.0, 3600.0, -3600.0, 0.5, -0.5])
@pytest.mark.parametrize("times", [2, 5, 20])
def test_under_overload_frames_are_fresh_and_the_worker_stays_busy_whatever_the_camera_says(
    ahead: float, times: int
) -> None:
    oldest, busy = serve_under_overload(ahead=ahead, times=times)

    assert oldest < 0.35
    assert busy > 0.7
