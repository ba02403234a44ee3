import io

from pipelines.datasets.downloads.progress import ProgressLine, describe_progress, describe_seconds


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_progress_says_share_size_speed_and_time_left() -> None:
    line = describe_progress("lfw.tgz", 81_000_000, 180_000_000, 9_900_000)

    assert line == "lfw.tgz: 45 % · 81.0 of 180.0 MB · 9.9 MB/s · 10 s left"


def test_progress_without_a_length_says_what_it_knows() -> None:
    assert describe_progress("lfw.tgz", 81_000_000, None, None) == "lfw.tgz: 81.0 MB"


def test_seconds_read_like_a_person_says_them() -> None:
    assert [describe_seconds(seconds) for seconds in (8.2, 200, 7500)] == ["8 s", "3 min 20 s", "2 h 5 min"]


def test_a_terminal_sees_one_line_that_renews_itself() -> None:
    out, clock = Terminal(), Clock()
    line = ProgressLine("set.zip", out=out, clock=clock)

    for second in range(4):
        clock.now = float(second)
        line.show(second * 1_000_000, 4_000_000)
    line.finish()

    assert out.getvalue().count("\n") == 1
    assert out.getvalue().count("\r") == 5
    assert "1.0 MB/s · 1 s left" in out.getvalue()


def test_a_log_file_gets_a_line_now_and_then() -> None:
    out, clock = io.StringIO(), Clock()
    line = ProgressLine("set.zip", out=out, clock=clock)

    for second in range(40):
        clock.now = float(second)
        line.show(second * 1_000_000, 40_000_000)
    line.finish()

    assert len(out.getvalue().splitlines()) == 3
    assert "\r" not in out.getvalue()
