from collections import Counter

from stream.guard.window import LARGEST_PICTURE_BYTES, MOST_BYTES, Answered, Window
from stream.messages import Position

RED = Answered(Counter(red=3, blue=1), unknown=1, failed=[Position("t", 0, 0)], seconds=0.02)


def test_a_window_sums_what_is_not_older_than_it() -> None:
    window = Window()
    for second in (100.2, 100.9, 103.0, 111.0):
        window.add(second, RED)
    window.forget(113.0, seconds=10)

    live = window.live()

    assert (live.frames, live.failed, live.unknown, live.labels) == (10, 2, 2, {"red": 6, "blue": 2})
    assert live.milliseconds == 5.0


def test_an_empty_window_has_no_milliseconds() -> None:
    assert Window().live().milliseconds is None


def test_pictures_of_every_camera_are_kept_evenly_over_the_time() -> None:
    window = Window()
    for second in range(10):
        for camera in ("busy", "busy", "busy", "busy", "busy", "quiet"):
            window.keep(100.0 + second, camera, f"{second} {camera}".encode())

    chosen = window.pictures(10)

    assert len(window.pictures(1000)) == 50
    assert [picture.split()[0] for picture in chosen] == [str(second).encode() for second in range(10)]
    assert window.pictures(5, failed=True) == []


def test_the_bytes_of_kept_pictures_are_bounded_and_come_free() -> None:
    window, picture = Window(), bytes(LARGEST_PICTURE_BYTES)
    for second in range(100):
        window.keep(float(second), "a", picture)
        window.keep_failed(float(second), picture)
    window.keep(99.0, "b", bytes(LARGEST_PICTURE_BYTES + 1))

    assert sum(map(len, window.pictures(1000))) <= MOST_BYTES
    window.forget(300.0, seconds=10)
    window.keep(300.0, "a", picture)
    assert window.pictures(10) == [picture]
