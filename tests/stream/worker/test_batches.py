import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from pipelines.artefact import Precision
from pipelines.errors import ModelError
from pipelines.images import Image
from pipelines.inference import Inference
from pipelines.scaled_images import Side
from stream.messages import FRAMES_TOPIC, Message, Outgoing, Position, encode_v2
from stream.reading.freshness import DroppedFrame
from stream.worker.batches import BatchReader
from tests.stream.fakes import NOON, POISON, FakeClassifier, draw_jpeg, message_of


def frame(value: int = 100, camera: str = "gate", offset: int = 0) -> Message:
    outgoing = encode_v2(camera, f"{camera}-{offset}", NOON, draw_jpeg(value), image_name="a.jpg", sequence=offset)
    return message_of(outgoing, offset=offset)


@pytest.fixture
def reader() -> BatchReader:
    return BatchReader("here/worker-1", clock=lambda: NOON)


def test_a_frame_becomes_a_prediction_that_names_model_version_precision_and_picture(reader: BatchReader) -> None:
    outcome = reader.read([frame(230)], {"cars": FakeClassifier(version=7, precision="bf16")}, {})

    (prediction,) = outcome.predictions
    assert prediction.precision == "bf16"
    assert (prediction.label, prediction.classifier, prediction.model_version) == ("light", "cars", 7)
    assert prediction.confidence == pytest.approx(230 / 255, abs=0.01)
    assert [label for label, _ in prediction.top] == ["light", "dark"]
    assert (prediction.role, prediction.decision, prediction.worker) == ("production", "known", "here/worker-1")
    assert (prediction.predicted_at, prediction.received_at, prediction.captured_at) == (NOON, NOON, NOON)
    assert len(prediction.image_sha256) == 64
    assert outcome.dead_letters == ()


def test_a_picture_of_nothing_that_the_model_knows_is_stored_as_unknown(reader: BatchReader) -> None:
    outcome = reader.read([frame(128), frame(30, offset=1)], {"cars": FakeClassifier()}, {})

    assert [prediction.decision for prediction in outcome.predictions] == ["unknown", "known"]


def test_a_prediction_names_the_training_pictures_that_are_like_the_frame(reader: BatchReader) -> None:
    outcome = reader.read([frame(), frame(offset=1)], {"cars": WithNeighbours()}, {})
    without = reader.read([frame()], {"cars": FakeClassifier()}, {})

    assert [prediction.nearest for prediction in outcome.predictions] == [(("ab" * 32, 0.9),), ()]
    assert without.predictions[0].nearest == ()


def test_only_the_five_best_labels_are_kept(reader: BatchReader) -> None:
    outcome = reader.read([frame()], {"cars": ManyClasses()}, {})

    assert [label for label, _ in outcome.predictions[0].top] == ["class 9", "class 8", "class 7", "class 6", "class 5"]


def test_a_camera_that_is_not_listed_gets_every_classifier_and_a_listed_one_its_own(reader: BatchReader) -> None:
    serving = {"cars": FakeClassifier("cars"), "simpsons": FakeClassifier("simpsons")}

    outcome = reader.read([frame(camera="gate"), frame(camera="yard", offset=1)], serving, {"yard": ("simpsons",)})

    asked = {(prediction.camera_id, prediction.classifier) for prediction in outcome.predictions}
    assert asked == {("gate", "cars"), ("gate", "simpsons"), ("yard", "simpsons")}


def test_a_camera_whose_classifier_has_no_production_version_is_a_dead_letter(reader: BatchReader) -> None:
    outcome = reader.read([frame()], {"cars": FakeClassifier()}, {"gate": ("simpsons",)})

    ((message, letter),) = outcome.dead_letters
    assert (letter.stage, letter.reason, letter.camera_id) == ("infer", "no_model", "gate")
    assert message.position.offset == 0
    assert "simpsons" in letter.message
    assert outcome.predictions == ()


def test_a_bad_message_costs_the_others_of_its_batch_nothing(reader: BatchReader) -> None:
    garbage = message_of(Outgoing(FRAMES_TOPIC, None, b"garbage"), offset=1)
    torn = frame(offset=2)
    torn = replace(torn, value=(torn.value or b"")[:100])

    outcome = reader.read([frame(), garbage, torn, frame(offset=3)], {"cars": FakeClassifier()}, {})

    assert [prediction.position.offset for prediction in outcome.predictions] == [0, 3]
    assert [(letter.stage, letter.position.offset) for _, letter in outcome.dead_letters] == [
        ("schema", 1),
        ("image", 2),
    ]


def test_the_frame_that_makes_the_engine_fail_is_found_and_the_others_are_answered(reader: BatchReader) -> None:
    messages = [frame(offset=0), frame(POISON, offset=1), frame(offset=2)]

    outcome = reader.read(messages, {"cars": FakeClassifier()}, {})

    assert [prediction.position.offset for prediction in outcome.predictions] == [0, 2]
    ((_, letter),) = outcome.dead_letters
    assert (letter.stage, letter.reason, letter.position.offset) == ("infer", "inference_failed", 1)
    assert "the engine gave up" in letter.message


def test_ten_frames_in_a_row_that_fail_mean_a_broken_model_although_a_blank_picture_passes(
    reader: BatchReader,
) -> None:
    serving = {"cars": FakeClassifier(version=5)}
    reader.read([frame(POISON, offset=number) for number in range(9)], serving, {})

    with pytest.raises(ModelError, match="cars version 5"):
        reader.read([frame(POISON, offset=9)], serving, {})


def test_a_good_frame_in_between_forgets_the_failures(reader: BatchReader) -> None:
    serving = {"cars": FakeClassifier()}
    reader.read([frame(POISON, offset=number) for number in range(9)], serving, {})
    reader.read([frame()], serving, {})

    outcome = reader.read([frame(POISON, offset=number) for number in range(9)], serving, {})

    assert len(outcome.dead_letters) == 9


@pytest.mark.parametrize("broken", ["always fails", "no number"])
def test_no_frame_becomes_a_dead_letter_by_a_model_that_fails_a_blank_picture_too(
    reader: BatchReader, broken: str
) -> None:
    classifier = FakeClassifier(version=5, always_fails=True) if broken == "always fails" else NotANumber(version=5)

    with pytest.raises(ModelError, match="cars version 5"):
        reader.read([frame()], {"cars": classifier}, {})


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(5, "Input/output error"),
        FileNotFoundError(2, "No such file"),
        RuntimeError("Exception from src/core: std::bad_alloc"),
        RuntimeError("CUDA out of memory"),
    ],
)
def test_a_machine_that_fails_ends_the_worker_and_makes_no_dead_letter(reader: BatchReader, error: Exception) -> None:
    with pytest.raises(ModelError, match="stay in Kafka"):
        reader.read([frame()], {"cars": Raising(error)}, {})


def test_a_decoder_without_memory_ends_the_worker_and_makes_no_dead_letter(
    reader: BatchReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    def decode(encoded: bytes, sides: Collection[Side]) -> dict[Side, Image]:
        raise MemoryError

    monkeypatch.setattr("stream.worker.batches.decode_for_all", decode)

    with pytest.raises(MemoryError):
        reader.read([frame()], {"cars": FakeClassifier()}, {})


def test_a_frame_that_two_classifiers_cannot_use_is_one_dead_letter(reader: BatchReader) -> None:
    serving = {"cars": FakeClassifier("cars"), "cats_dogs": FakeClassifier("cats_dogs")}

    outcome = reader.read([frame(POISON)], serving, {"gate": ("cars", "cats_dogs", "simpsons")})

    assert [letter.reason for _, letter in outcome.dead_letters] == ["no_model"]


def test_a_replayed_frame_is_not_asked_of_those_that_answered_it_before(reader: BatchReader) -> None:
    serving = {"cars": FakeClassifier("cars"), "simpsons": FakeClassifier("simpsons")}
    replayed = frame()
    replayed = replace(replayed, headers=(*replayed.headers, ("vigia.replay.answered", b"cars")))

    both = reader.read([replayed], serving, {"gate": ("cars", "simpsons")})
    none = reader.read([replayed], serving, {"gate": ("cars",)})

    assert [prediction.classifier for prediction in both.predictions] == ["simpsons"]
    assert none.predictions == ()
    assert [letter.reason for _, letter in none.dead_letters] == ["already_answered"]


def test_a_dead_letter_names_its_camera_when_something_behind_its_name_was_wrong(reader: BatchReader) -> None:
    fields = {"timestamp": NOON.timestamp(), "camera_id": "gate", "image_name": "a.jpg", "image_data": "%"}

    outcome = reader.read([message_of(Outgoing(FRAMES_TOPIC, None, json.dumps(fields).encode()))], {}, {})

    assert [letter.camera_id for _, letter in outcome.dead_letters] == ["gate"]


def test_the_last_good_picture_of_each_camera_is_kept_for_the_page(reader: BatchReader) -> None:
    last = frame(200, camera="gate", offset=2)

    outcome = reader.read([frame(), frame(camera="yard", offset=1), last], {"cars": FakeClassifier()}, {})

    assert set(outcome.latest) == {"gate", "yard"}
    assert outcome.latest["gate"] == last.value


class WithNeighbours(FakeClassifier):
    """The first picture of a batch is like one it learned from; in the others there is nothing to look at."""

    def infer(self, images: Sequence[Image]) -> Inference:
        nothing: tuple[tuple[str, float], ...] = ()
        return replace(super().infer(images), nearest=((("ab" * 32, 0.9),), *([nothing] * (len(images) - 1))))


@dataclass
class ManyClasses:
    classifier: str = "cars"
    version: int = 1
    class_names: tuple[str, ...] = tuple(f"class {number}" for number in range(10))
    size_hw: tuple[int, int] = (32, 32)
    precision: Precision = "f32"

    def infer(self, images: Sequence[Image]) -> Inference:
        return Inference(np.tile(np.arange(10, dtype=np.float32) / 45, (len(images), 1)), np.ones(len(images), bool))


class Raising(FakeClassifier):
    """Raises an error of the engine."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def infer(self, images: Sequence[Image]) -> Inference:
        raise self._error


class NotANumber(FakeClassifier):
    def infer(self, images: Sequence[Image]) -> Inference:
        return Inference(np.full((len(images), 2), np.nan, np.float32), np.ones(len(images), bool))


def test_every_frame_of_a_batch_is_accounted_for(reader: BatchReader) -> None:
    garbage = message_of(Outgoing(FRAMES_TOPIC, None, b"garbage"), offset=1)
    dropped = DroppedFrame(Position(FRAMES_TOPIC, 0, 2), "gate", 1.5)

    outcome = reader.read([frame(), garbage, frame(offset=3)], {"cars": FakeClassifier()}, {}, [dropped])

    assert {read.position.offset: read.outcome for read in outcome.reads} == {
        0: "stored",
        1: "dead",
        2: "dropped",
        3: "stored",
    }
    assert outcome.dropped == (dropped,)


def test_a_worker_of_chosen_classifiers_skips_cameras_that_ask_others_without_opening_their_pictures() -> None:
    reader = BatchReader("here/worker-1", ("simpsons",), clock=lambda: NOON)
    torn = replace(frame(camera="gate", offset=1), value=b"no picture")
    routes = {"gate": ("cars",), "yard": ("cars", "simpsons")}
    messages = [torn, frame(camera="yard", offset=2), frame(camera="stranger", offset=3)]

    outcome = reader.read(messages, {"simpsons": FakeClassifier("simpsons")}, routes)

    assert [read.outcome for read in outcome.reads] == ["skipped", "stored", "stored"]
    assert {prediction.classifier for prediction in outcome.predictions} == {"simpsons"}
    assert outcome.dead_letters == ()


def test_a_chosen_classifier_without_a_version_is_a_dead_letter() -> None:
    reader = BatchReader("here/worker-1", ("cars", "simpsons"), clock=lambda: NOON)

    outcome = reader.read([frame()], {"cars": FakeClassifier()}, {"gate": ("simpsons",)})

    assert [letter.reason for _, letter in outcome.dead_letters] == ["no_model"]


def test_no_more_pixels_are_held_at_once_than_fit_into_memory(
    reader: BatchReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stream.worker.batches.PIXEL_BYTES", 2 * 32 * 32 * 3)
    classifier = Counting()

    outcome = reader.read([frame(offset=number) for number in range(5)], {"cars": classifier}, {})

    assert classifier.batches == [2, 2, 1]
    assert [prediction.position.offset for prediction in outcome.predictions] == [0, 1, 2, 3, 4]


def test_a_network_is_asked_for_32_pictures_at_most(reader: BatchReader) -> None:
    classifier = Counting()

    reader.read([frame(offset=number) for number in range(70)], {"cars": classifier}, {})

    assert classifier.batches == [32, 32, 6]


@dataclass
class Counting(FakeClassifier):
    batches: list[int] = field(default_factory=list)

    def infer(self, images: Sequence[Image]) -> Inference:
        self.batches.append(len(images))
        return super().infer(images)
