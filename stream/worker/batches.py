"""A batch of messages becomes predictions and dead letters. Plain decisions; nothing here knows Kafka or Faust."""

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import numpy as np

from pipelines.errors import ImageError, ModelError
from pipelines.images import Image, decode_image
from pipelines.inference import Answer, Classifier, Inference, build_answers
from stream.dead_letters.letters import build_dead_letter, image_error
from stream.decoding import decode_frame
from stream.messages import DeadLetter, Frame, FrameError, Message, Position, Prediction

TOP: Final = 5
MAX_FAILURES_IN_A_ROW: Final = 10

Serving = Mapping[str, Classifier]
"""Classifier name to its production version; replaced as a whole, never changed."""
Routes = Mapping[str, tuple[str, ...]]
"""Camera id to the classifiers it names; a camera that is not there gets every one."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """Everything that came of a batch."""

    predictions: tuple[Prediction, ...]
    dead_letters: tuple[tuple[Message, DeadLetter], ...]
    latest: Mapping[str, bytes]
    """Camera id to the encoded bytes of its last good picture in the batch."""
    pictures: Mapping[Position, bytes]
    """Encoded bytes of every good picture of the batch."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A message that turned out to be a frame with a good picture."""

    message: Message
    frame: Frame
    image: Image
    sha256: str


@dataclass(slots=True)
class BatchReader:
    """Reads batches one after the other and remembers how many inferences failed in a row."""

    worker: str
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    failures_in_a_row: int = 0
    _letters: list[tuple[Message, DeadLetter]] = field(default_factory=list)

    def read(self, messages: Sequence[Message], serving: Serving, routes: Routes) -> BatchOutcome:
        """Predictions of every classifier asked, and a dead letter for each message that could not be used.

        Raises ModelError after ten inferences that failed in a row: then the model or the machine is broken,
        not the frames, and the batch must be redelivered.
        """
        self._letters = []
        pictures = [picture for message in messages if (picture := self._decode(message))]
        predictions: list[Prediction] = []
        for name, asked in self._ask(pictures, serving, routes).items():
            predictions.extend(self._classify(serving[name], asked))
        return BatchOutcome(
            predictions=tuple(predictions),
            dead_letters=tuple(self._letters),
            latest={picture.frame.camera_id: picture.frame.jpeg for picture in pictures},
            pictures={picture.frame.position: picture.frame.jpeg for picture in pictures},
        )

    def _decode(self, message: Message) -> Picture | None:
        try:
            frame = decode_frame(message)
        except FrameError as error:
            self._give_up(message, error, camera_id=None)
            return None
        try:
            image = decode_image(frame.jpeg)
        except ImageError as error:
            self._give_up(message, image_error(error), camera_id=frame.camera_id)
            return None
        return Picture(message, frame, image, hashlib.sha256(frame.jpeg).hexdigest())

    def _ask(self, pictures: Sequence[Picture], serving: Serving, routes: Routes) -> dict[str, list[Picture]]:
        asked: dict[str, list[Picture]] = {}
        for picture in pictures:
            wanted = routes.get(picture.frame.camera_id) or tuple(serving)
            absent = [name for name in wanted if name not in serving]
            if absent or not wanted:
                self._give_up(picture.message, _no_model(picture.frame, absent), camera_id=picture.frame.camera_id)
            for name in wanted:
                if name in serving:
                    asked.setdefault(name, []).append(picture)
        return asked

    def _classify(self, classifier: Classifier, pictures: Sequence[Picture]) -> list[Prediction]:
        try:
            inference = infer_checked(classifier, [picture.image for picture in pictures])
        except Exception as error:  # noqa: BLE001  an engine may raise anything; the guilty frame is found below
            log.warning("batch of %d frames failed, trying them one by one: %s", len(pictures), error)
            return self._classify_one_by_one(classifier, pictures)
        self.failures_in_a_row = 0
        now = self.clock()
        answers = build_answers(classifier.class_names, inference, TOP)
        return [
            self._predict(classifier, picture, answer, now) for picture, answer in zip(pictures, answers, strict=True)
        ]

    def _classify_one_by_one(self, classifier: Classifier, pictures: Sequence[Picture]) -> list[Prediction]:
        predictions = []
        for picture in pictures:
            try:
                inference = infer_checked(classifier, [picture.image])
            except Exception as error:  # noqa: BLE001  as above; becomes a dead letter with the engine's words
                self._count_failure(classifier, error)
                reason = FrameError(f"{type(error).__name__}: {error}", stage="infer", reason="inference_failed")
                self._give_up(picture.message, reason, camera_id=picture.frame.camera_id)
                continue
            self.failures_in_a_row = 0
            answer = build_answers(classifier.class_names, inference, TOP)[0]
            predictions.append(self._predict(classifier, picture, answer, self.clock()))
        return predictions

    def _count_failure(self, classifier: Classifier, error: Exception) -> None:
        self.failures_in_a_row += 1
        if self.failures_in_a_row >= MAX_FAILURES_IN_A_ROW:
            raise ModelError(
                f"Expected {classifier.classifier} version {classifier.version} to classify. "
                f"{self.failures_in_a_row} frames failed in a row, the last with {type(error).__name__}: {error}. "
                "Roll the classifier back, or look at the engine; the frames stay in Kafka."
            ) from error

    def _predict(self, classifier: Classifier, picture: Picture, answer: Answer, now: datetime) -> Prediction:
        frame = picture.frame
        return Prediction(
            position=frame.position,
            frame_id=frame.frame_id,
            camera_id=frame.camera_id,
            image_name=frame.image_name,
            image_sha256=picture.sha256,
            classifier=classifier.classifier,
            role="production",
            model_version=classifier.version,
            label=answer.label,
            confidence=answer.confidence,
            top=answer.top,
            decision=answer.decision,
            captured_at=frame.captured_at,
            received_at=picture.message.received_at,
            predicted_at=now,
            worker=self.worker,
            nearest=answer.nearest,
        )

    def _give_up(self, message: Message, error: FrameError, *, camera_id: str | None) -> None:
        self._letters.append((message, build_dead_letter(message, error, camera_id=camera_id, now=self.clock())))


def infer_checked(classifier: Classifier, images: Sequence[Image]) -> Inference:
    """Raises ModelError for answers of another shape or that are no number."""
    inference = classifier.infer(images)
    expected = (len(images), len(classifier.class_names))
    if inference.probabilities.shape != expected or inference.known.shape != expected[:1]:
        raise ModelError(f"Expected probabilities of shape {expected}, received {inference.probabilities.shape}.")
    if not np.isfinite(inference.probabilities).all():
        raise ModelError("Expected finite probabilities, received values that are no number.")
    return inference


def _no_model(frame: Frame, absent: Sequence[str]) -> FrameError:
    return FrameError(
        f"Expected a production version of {', '.join(absent) or 'any classifier'} for camera {frame.camera_id!r}, "
        "found none.",
        stage="infer",
        reason="no_model",
    )
