from pathlib import Path

from stream.bench.lanes.order import Order
from stream.bench.lanes.worker import OneVersion, UnguardedAgent, build_setup, version_of
from stream.guard.rolling_back import RollbackOrder
from stream.worker.agent import Agent


def order_of(lane: str, home: Path) -> Order:
    return Order(lane, str(home), 2, "artefact", "bench", 7, "sha", "localhost:9092", "bench-group")  # type: ignore[arg-type]


def test_the_lane_is_the_real_worker_in_a_home_and_a_group_of_its_own(tmp_path: Path) -> None:
    setup = build_setup(order_of("ours v2", tmp_path))

    assert (setup.state, setup.slot, setup.group, setup.agent) == (tmp_path, 2, "bench-group", Agent)


def test_what_its_guard_finds_moves_no_alias_of_the_real_registry(tmp_path: Path) -> None:
    answer = build_setup(order_of("ours v2", tmp_path)).roll_back(RollbackOrder("bench", 7, 6, "it fails", "worker-2"))

    assert (answer.outcome, answer.production) == ("overtaken", 7)


def test_only_the_lane_without_the_guarantee_has_another_agent(tmp_path: Path) -> None:
    assert build_setup(order_of("ours without guarantee", tmp_path)).agent is UnguardedAgent


def test_its_registry_knows_one_version_that_is_production(tmp_path: Path) -> None:
    registry = OneVersion(version_of(order_of("ours v1", tmp_path)))

    holder = registry.holder("bench", "production")
    assert holder is not None
    assert (holder.version, holder.sha256, holder.location) == (7, "sha", "artefact")
    assert registry.classifiers() == ("bench",)
    assert registry.holder("bench", "challenger") is None
    assert registry.holder("cars", "production") is None


def test_the_lane_without_batches_answers_every_frame_by_itself(tmp_path: Path) -> None:
    pace = build_setup(order_of("ours unbatched", tmp_path)).build_pace()
    for _ in range(5):
        pace.observe(1, 0.0001)

    assert pace.frames == 1
