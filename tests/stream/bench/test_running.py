import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from pipelines.bench.parity import LaneParity
from stream.bench.lane import Measured
from stream.bench.running import ABSENT, LANES, build_lane, has_confluent, tell
from tests.tree import ROOT

GOOD = Measured({"fps": 100.0, "cpu_seconds_per_frame": 0.01}, LaneParity(1.0, 1e-6, 32))


def test_a_lane_has_the_worst_parity_of_its_rounds() -> None:
    worse = Measured(dict(GOOD.figures), LaneParity(1.0, 1e-4, 32))

    lane = build_lane("ours v2", [GOOD, worse])

    assert lane.counts
    assert lane.about["parity"]["max_difference"] == 1e-4


def test_one_round_that_does_not_count_spoils_the_lane() -> None:
    lane = build_lane("ours v2", [GOOD, Measured({}, not_counted="it ended with 1: no memory")])

    assert not lane.counts
    assert lane.not_counted == "it ended with 1: no memory"
    assert len(lane.rounds) == 1


def test_progress_is_told_in_a_line() -> None:
    assert tell(GOOD) == "100.0 frames/s, 10.00 CPU-ms a frame"
    assert tell(Measured({}, not_counted="it ended with 1")) == "not counted: it ended with 1"
    assert tell(Measured(GOOD.figures, not_counted="it differs")).endswith("a frame, not counted: it differs")


@pytest.mark.integration
def test_every_lane_runs_through_on_a_real_kafka_and_answers_like_keras(tmp_path: Path) -> None:
    home, page = tmp_path / "home", tmp_path / "performance.md"
    words = ["--model", "compact_cnn", "--rounds", "1", "--seconds", "1.5", "--frames", "120", "--workers", "1"]
    done = subprocess.run(
        [sys.executable, "-m", "vigia", "bench", "stream", *words, "--json", "--write", str(page)],
        cwd=ROOT,
        env={**os.environ, "VIGIA_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=900,
    )

    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    lanes = document["lanes"]
    assert tuple(lanes) == LANES
    measured = [name for name in LANES if name != "confluent" or has_confluent()]
    for name in measured:
        assert lanes[name]["counted"], (name, lanes[name]["not_counted"])
        assert lanes[name]["parity"]["top1_agreement"] == 1.0
        assert lanes[name]["cpu_seconds_per_frame"] > 0
        assert lanes[name].get("lost", 0) == lanes[name].get("doubled", 0) == 0, name
    if not has_confluent():
        assert lanes["confluent"]["not_counted"] == ABSENT
    assert document["ratios"]["ours_over_naive"] > 1
    assert document["latency_not_counted"] is None
    rates = [rate for rate in document["latency_ms"].values() if rate["frames"]]  # a slow machine is sent none at 10 %
    assert rates
    for rate in rates:
        assert rate["lost"] == rate["doubled"] == 0
        assert rate["p50"] <= rate["p95"] <= rate["p99"]
        assert rate["p50_over_engine"] > 0
    assert document["light_load"]["lost"] == 0
    assert document["light_load"]["p50_over_unbatched"] > 0
    assert document["overload"]["sent_fps"] > 0
    assert "## vigia bench stream: compact_cnn" in page.read_text(encoding="utf-8")
    assert [file.name for file in (home / "bench").glob("run-*")] == []
    left = [each.pid for each in psutil.process_iter(["cmdline"]) if str(home) in " ".join(each.info["cmdline"] or ())]
    assert left == []
