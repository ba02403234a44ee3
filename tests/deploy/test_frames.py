from pathlib import Path

import pytest

from deploy.commands import say_figures, say_frames
from deploy.frames import FramesQuestion, read_answer
from pipelines.settings import Endpoints, Settings
from tests.stream.embedded_kafka import find_free_ports


def test_a_document_is_taken_also_when_the_frames_do_not_add_up() -> None:
    assert read_answer('{"adds_up": false}', "error: expected every frame to be somewhere\n") == {"adds_up": False}


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("a line\nerror: Expected the offsets of Kafka.\n", "Expected the offsets of Kafka."),
        ("", "the command `vigia frames` said nothing"),
    ],
)
def test_without_a_document_the_commands_last_words_say_why(words: str, error: str) -> None:
    assert read_answer("", words) == {"error": error}


def test_a_broker_that_is_away_is_said_and_nothing_is_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.frames.ANSWER_SECONDS", 120)
    ports = find_free_ports(4)
    settings = Settings(home=tmp_path, kafka_bootstrap=None)
    Endpoints("127.0.0.1", *ports).save(settings.endpoints_file)

    answer = FramesQuestion(settings).answer()

    assert f"from Kafka at 127.0.0.1:{ports[3]}" in answer["error"]


def test_figures_are_a_few_words() -> None:
    assert say_figures({"fps": 9.8, "lag": 1203, "latency_ms": {"p95": 41.2}}) == (
        "9.8 frames/s, lag 1,203, 95 % within 41 ms"
    )
    assert say_figures({"fps": 0.0, "latency_ms": {}}) == "0 frames/s"
    assert say_figures({}) == ""


def test_the_equation_is_a_line_and_every_fault_another() -> None:
    well, ill = {"equation": "1 = 1", "faults": []}, {"equation": "2 ≠ 1", "faults": ["partition 1: lost"]}

    assert say_frames({"groups": {"vigia-worker": ill}}) == ["2 ≠ 1", "partition 1: lost"]
    assert say_frames({"groups": {"a": well, "b": ill}}) == ["a: 1 = 1", "b: 2 ≠ 1", "partition 1: lost"]
    assert say_frames({"error": "Kafka is away."}) == ["frames: Kafka is away."]


def test_a_worker_names_what_it_serves_what_nobody_confirmed_and_what_it_refused() -> None:
    refused = {"version": 13, "reason": "Expected a network.", "tries": 2, "next_try_seconds": 4}
    models = {
        "simpsons": {"version": 3, "precision": "f32", "from_copy": True, "refused": None},
        "sizes": {"version": 2, "orphan": True},
        "cars": {"version": 12, "precision": "bf16", "from_copy": False, "refused": refused},
        "cats_dogs": {"version": None, "from_copy": False, "refused": {**refused, "version": 1}},
    }

    assert say_figures({"models": models, "fps": 9.8}) == (
        "cars 12 in bf16 (13 refused), no cats_dogs (1 refused), simpsons 3 in f32 from copy, "
        "sizes 2 without alias, 9.8 frames/s"
    )
