import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.bench import starting
from pipelines.bench.starting import compare_starts, measure_starts
from pipelines.errors import StackError
from tests.waiting import wait_until


def test_the_help_text_is_measured_beside_python_alone(tmp_path: Path) -> None:
    said: list[str] = []

    lanes = measure_starts(tmp_path, 1, said.append, up=False)

    assert [lane.name for lane in lanes] == ["help ours", "help python"]
    ratios = compare_starts(lanes)
    assert ratios["help_ours_over_help_python_in_cpu_time"] is not None
    assert ratios["up_warm_over_up_fresh_in_seconds"] is None
    assert said == ["round 1 of 1"]


def test_the_help_text_takes_little_more_than_its_libraries() -> None:
    ours = starting._measure_calls(starting.HELP)
    libraries = starting._measure_calls(("-c", "import typer, typer.main"))

    # it is 3 to 5 times; one of TensorFlow, MLflow or Prefect alone would make it 20 and more
    assert ours["cpu_seconds_per_frame"] < 10 * libraries["cpu_seconds_per_frame"]


def test_a_command_that_fails_is_told_in_its_own_words() -> None:
    with pytest.raises(StackError, match="ended with 1: no stack"):
        starting._run(("-c", "import sys; sys.exit('no stack')"), {})


def test_a_bench_that_is_terminated_ends_the_stack_that_it_started(tmp_path: Path) -> None:
    began, ended, home = (tmp_path / name for name in ("began", "ended", "home"))
    home.mkdir()
    up = ("-c", f"import pathlib, signal; pathlib.Path({str(began)!r}).touch(); signal.pause()")
    down = ("-c", f"import pathlib; pathlib.Path({str(ended)!r}).touch()")
    code = (
        "import pathlib\n"
        "from pipelines.bench import starting\n"
        f"starting.UP, starting.DOWN = {up!r}, {down!r}\n"
        f"starting._measure_ups(pathlib.Path({str(home)!r}))\n"
    )
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        try:
            wait_until(began.exists, timeout_seconds=120, what="the stack")
            process.terminate()

            assert process.wait(120) == 128 + signal.SIGTERM
        finally:
            process.kill()
    assert ended.exists()
    assert list(home.iterdir()) == []
