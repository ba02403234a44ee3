from pathlib import Path

import pytest

from pipelines.bench import starting
from pipelines.bench.starting import compare_starts, measure_starts
from pipelines.errors import StackError


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
