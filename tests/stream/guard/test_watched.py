from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.artefact import ServingCard, ValidationAnswers
from pipelines.errors import RegistryError
from pipelines.evaluation.unknown import UnknownThresholds
from pipelines.guard_params import GuardParams
from pipelines.lookup.facts import RegisteredVersion, RunFacts
from stream.guard.rules import Figure, Known
from stream.guard.watched import Opened, Watched, describe_watched, load_known, look_up_metrics, sum_up
from stream.guard.watches import Watch
from stream.messages import encode_v2
from stream.worker.batches import BatchReader
from tests.stream.fakes import NOON, POISON, FakeClassifier, FakeRegistry, draw_jpeg, message_of

THRESHOLDS = UnknownThresholds(0.1, 0.3, 1.0, 2.0, 3.0)
VERSION = RegisteredVersion("cars", 1, "run", {}, (), NOON, "")


def save_card(folder: Path, validation: ValidationAnswers | None) -> Path:
    ServingCard("cars", ("a", "b"), 8, "whole", "md5", unknown=THRESHOLDS, validation=validation).save(folder)
    return folder


def test_the_card_tells_what_validation_said(tmp_path: Path) -> None:
    card = save_card(tmp_path, ValidationAnswers(120, (0.75, 0.25), 0.03))

    known = load_known(card, ("a", "b"), {"accuracy": 0.75, "parity_openvino_p50_ms": 9.0}, 4.0)

    assert known == Known({"a": 0.75, "b": 0.25}, 120, 0.03, 4.0, error=0.25)
    assert load_known(card, ("a", "b"), {"parity_openvino_p50_ms": 9.0}).milliseconds == 9.0


@pytest.mark.parametrize("validation", [None, ValidationAnswers(0, (), 0.0), ValidationAnswers(9, (1.0,), 0.0)])
def test_an_older_card_tells_nothing_and_all_classes_count_as_alike(
    tmp_path: Path, validation: ValidationAnswers | None
) -> None:
    card = save_card(tmp_path, validation)

    assert load_known(card, ("a", "b"), {}) == Known({"a": 0.5, "b": 0.5})


def test_without_a_card_nothing_is_known(tmp_path: Path) -> None:
    assert load_known(tmp_path, ("a",), {}) == Known({"a": 1.0})


def test_a_batch_is_summed_by_version_with_what_failed() -> None:
    def message(number: int, value: int) -> object:
        frame = encode_v2("cam", f"f{number}", NOON, draw_jpeg(value), image_name=None, sequence=0)
        return message_of(frame, offset=number)

    values = (40, 200, 128, POISON)
    messages = [message(number, value) for number, value in enumerate(values)]
    outcome = BatchReader("w").read(messages, {"cars": FakeClassifier(version=7)}, {})  # type: ignore[arg-type]

    (answered,) = sum_up(outcome).values()

    assert list(sum_up(outcome)) == [("cars", 7)]
    assert (answered.labels, answered.unknown, len(answered.failed)) == (Counter(light=2, dark=1), 1, 1)
    assert answered.seconds > 0
    assert [place.offset for asked in outcome.asked for place in asked.failed] == [3]


def test_what_was_measured_comes_from_the_run_where_there_is_one(tmp_path: Path) -> None:
    class Measured(FakeRegistry):
        def run(self, run_id: str) -> RunFacts | None:
            now = datetime.now(UTC)
            return RunFacts(run_id, "", "1", "FINISHED", now, now, {}, {"accuracy": 0.9}, {})

    def away() -> FakeRegistry:
        raise RegistryError("Expected an answer.")

    file = tmp_path / "registry.json"
    assert look_up_metrics(lambda: Measured(file), VERSION) == {"accuracy": 0.9}
    assert look_up_metrics(lambda: FakeRegistry(file), VERSION) == {}
    assert look_up_metrics(away, VERSION) == {}


def test_a_heartbeat_tells_figures_and_how_long_the_probation_still_is() -> None:
    watched = Watched(
        3,
        figures=(Figure("labels", 0.25, 0.5, "red 20 of 40"),),
        opened=Opened(Watch("cars", 3, 1, 0.0), 100.0, Known({})),
    )

    told = describe_watched(watched, GuardParams(probation_minutes=2), now=130.0)

    assert (told["version"], told["watched_seconds"], told["probation_seconds"]) == (3, 30, 90)
    assert told["figures"]["labels"] == {"value": 0.25, "limit": 0.5, "words": "red 20 of 40", "alarm": False}
    assert describe_watched(Watched(3), GuardParams(), now=130.0)["watched_seconds"] is None
