import json

import pytest
from typer.testing import CliRunner

from stream.bench.commands import bench_app


def test_figures_come_at_the_names_of_the_contract_and_progress_on_stderr() -> None:
    result = CliRunner().invoke(bench_app, ["envelope", "--rounds", "1", "--json"])

    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert {"lanes", "ratios", "latency_ms", "machine"} <= set(document)
    assert document["lanes"]["ours"]["fps"] > 0
    assert document["ratios"]["ours_over_standard_library"] > 0
    assert "round 1 of 1" in result.stderr


@pytest.mark.parametrize(
    "words", [["stream", "--lane", "theirs"], ["stream", "--rounds", "0"], ["engines", "--model", "nothing"]]
)
def test_wrong_usage_is_told_before_anything_is_measured(words: list[str]) -> None:
    result = CliRunner().invoke(bench_app, words)

    assert result.exit_code == 2
    assert "Invalid value" in result.stderr
