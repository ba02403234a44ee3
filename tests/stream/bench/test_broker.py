from datetime import UTC, datetime

from stream.bench.broker import Region, find_free_ports, frame_of
from stream.decoding import decode_frame
from stream.messages import FRAMES_PARTITIONS
from tests.stream.fakes import draw_jpeg, message_of

NOW = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)
PICTURES = [draw_jpeg(value) for value in (40, 100, 200)]


def test_frames_are_spread_evenly_and_say_which_picture_they_show() -> None:
    for schema in (1, 2):
        made = [frame_of(schema, number, PICTURES, NOW) for number in range(8)]
        frames = [decode_frame(message_of(outgoing, partition=partition)) for partition, outgoing in made]

        assert [partition for partition, _ in made] == [number % FRAMES_PARTITIONS for number in range(8)]
        assert [frame.image_name for frame in frames] == [f"{number % 3}.jpg" for number in range(8)]
        assert all(frame.jpeg == PICTURES[number % 3] for number, frame in enumerate(frames))


def test_the_frames_of_a_camera_lie_in_one_partition() -> None:
    made = [frame_of(2, number, PICTURES, NOW) for number in range(64)]

    partitions: dict[bytes | None, set[int]] = {}
    for partition, outgoing in made:
        partitions.setdefault(outgoing.key, set()).add(partition)
    assert all(len(found) == 1 for found in partitions.values())


def test_a_region_counts_its_frames() -> None:
    assert Region({0: 10, 1: 20}, {0: 15, 1: 26}).frames == 11


def test_free_ports_are_different() -> None:
    assert len(set(find_free_ports(4))) == 4
