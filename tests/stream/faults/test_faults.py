"""Every fault in its short form, on one real broker. The full form: `make faults`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stream import postgres
from tests.stream.embedded_kafka import EmbeddedKafka
from tests.stream.faults.faults import FAULTS, Fault
from tests.stream.faults.stage import can_mount, run_fault

pytestmark = pytest.mark.integration

FRAMES = 200
SHORTER: dict[str, dict[str, Any]] = {
    "worker: kill -9, ten times": {"times": 2},
    "worker: SIGTERM, five times": {"times": 1},
    "rebalance storm": {"times": 3},
    "broker: kill -9, three times": {"times": 1},
    "broker frozen": {"seconds": 12.0},
}


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedKafka]:
    """One for every fault, those of the broker too: each scene has a consumer group of its own."""
    with EmbeddedKafka(tmp_path_factory.mktemp("faults-broker")) as broker:
        yield broker


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_no_frame_is_lost_or_doubled_or_committed_before_it_is_stored(
    fault: Fault, broker: EmbeddedKafka, tmp_path: Path
) -> None:
    if fault.needs == "small disk" and not can_mount(tmp_path):
        pytest.skip("only an administrator may mount the small disk that this fault fills")
    if fault.needs == "postgresql" and (reason := postgres.why_not()):
        pytest.skip(reason)

    outcome = run_fault(fault, broker, tmp_path / "scene", FRAMES, **SHORTER.get(fault.name, {}))

    assert (outcome.lost, outcome.doubled, outcome.beyond) == (0, 0, ())
    assert len(outcome.exits) <= fault.most_ends, f"the workers end again and again: {outcome.exits}"
    assert outcome.turns > 0, "the observer saw nothing"
    assert len(outcome.injected_at) > 0, "nothing was injected"
