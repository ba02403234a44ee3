"""A batch of messages becomes predictions and dead letters. Plain decisions; nothing here knows Kafka or Faust."""

import hashlib
import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from pipelines.errors import ImageError
from pipelines.images import Image
from pipelines.inference import Answer, Classifier, build_answers
from pipelines.preprocessing import find_side
from pipelines.scaled_images import Side, decode_for_all
from stream.dead_letters.letters import build_dead_letter, image_error
from stream.decoding import decode_frame
from stream.logs import frame_extra
from stream.messages import (
    REPLAY_ANSWERED,
    DeadLetter,
    Frame,
    FrameError,
    Message,
    Position,
    Prediction,
    Role,
    last_header,
)
from stream.reading.freshness import DroppedFrame
from stream.worker.inferring import broken, check_machine, check_model, infer_timed
from stream.worker.outcomes import Asked, BatchOutcome
from stream.worker.sides import list_sides

TOP: Final = 5
MAX_FAILURES_IN_A_ROW: Final = 10
MOST_PICTURES: Final = 32
"""That a network is asked at once: its memory grows with them, and more make it no faster."""
PIXEL_BYTES: Final = 48 * 1024 * 1024
"""Decoded pictures that are held at once."""

Serving = Mapping[str, Classifier]
"""Classifier name to its production version; replaced as a whole, never changed."""
Routes = Mapping[str, tuple[str, ...]]
"""Camera id to the classifiers it names; a camera that is not there gets every one."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Picture:
    """A message that turned out to be a frame with a good picture."""

    message: Message
    frame: Frame
    images: Mapping[Side, Image]
    """As the classifiers that are asked want it."""
    sha256: str

    @property
    def nbytes(self) -> int:
        return sum(image.nbytes for image in self.images.values())


@dataclass(slots=True)
class BatchReader:
    """Reads batches one after the other and remembers how many inferences failed in a row."""

    worker: str
    only: tuple[str, ...] = ()
    """The classifiers that this worker answers for; none named: all."""
    role: Role = "production"
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    failures_in_a_row: int = 0
    _letters: dict[Position, tuple[Message, DeadLetter]] = field(default_factory=dict)
    _skipped: set[Position] = field(default_factory=set)
    _asked: list[Asked] = field(default_factory=list)
    _failed: list[Position] = field(default_factory=list)

    def read(
        self, messages: Sequence[Message], serving: Serving, routes: Routes, dropped: Sequence[DroppedFrame] = ()
    ) -> BatchOutcome:
        """Predictions of every classifier asked, and one dead letter for each message that could not be used.

        `dropped` are frames that were too old to be read at all. Raises ModelError when the model or the machine is
        broken and not the frames: a blank picture fails too, the memory is used up, or ten inferences failed in a row.
        The batch must be redelivered then.
        """
        began, inferred = time.perf_counter(), 0.0
        self._letters, self._skipped, self._asked = {}, set(), []
        predictions: list[Prediction] = []
        latest: dict[str, bytes] = {}
        encoded: dict[Position, bytes] = {}
        for pictures in self._decode_some(messages, serving, routes):
            decoded = time.perf_counter()
            predictions.extend(self._answer(pictures, serving, routes))
            inferred += time.perf_counter() - decoded
            latest.update((picture.frame.camera_id, picture.frame.jpeg) for picture in pictures)
            encoded.update((picture.frame.position, picture.frame.jpeg) for picture in pictures)
            del pictures  # their pixels are not held while the next ones are decoded
        return BatchOutcome(
            predictions=tuple(predictions),
            dead_letters=tuple(self._letters.values()),
            latest=latest,
            positions=tuple(message.position for message in messages),
            skipped=frozenset(self._skipped),
            dropped=tuple(dropped),
            decode_seconds=time.perf_counter() - began - inferred,
            infer_seconds=inferred,
            pictures=encoded,
            asked=tuple(self._asked),
        )

    def _answer(self, pictures: Sequence[Picture], serving: Serving, routes: Routes) -> list[Prediction]:
        predictions: list[Prediction] = []
        for name, asked in self._ask(pictures, serving, routes).items():
            model, began, self._failed = serving[name], time.perf_counter(), []
            predictions.extend(self._classify(model, asked))
            seconds = time.perf_counter() - began
            self._asked.append(Asked(name, model.version, seconds, tuple(self._failed)))
        return predictions

    def _decode_some(self, messages: Sequence[Message], serving: Serving, routes: Routes) -> Iterator[list[Picture]]:
        """The good pictures in their order, as many at once as fit into memory: one may take 75 MB."""
        pictures: list[Picture] = []
        size = 0
        for message in messages:
            if (picture := self._decode(message, serving, routes)) is None:
                continue
            pictures.append(picture)
            size += picture.nbytes
            if len(pictures) == MOST_PICTURES or size >= PIXEL_BYTES:
                yield pictures
                pictures, size = [], 0
        if pictures:
            yield pictures

    def _decode(self, message: Message, serving: Serving, routes: Routes) -> Picture | None:
        try:
            frame = decode_frame(message)
        except FrameError as error:
            self._give_up(message, error, camera_id=error.camera_id)
            return None
        if not self._is_asked(routes.get(frame.camera_id)):
            self._skipped.add(message.position)
            return None
        try:
            images = decode_for_all(frame.jpeg, list_sides(frame.camera_id, serving, routes, self.only))
        except ImageError as error:
            self._give_up(message, image_error(error), camera_id=frame.camera_id)
            return None
        return Picture(message, frame, images, hashlib.sha256(frame.jpeg).hexdigest())

    def _is_asked(self, named: tuple[str, ...] | None) -> bool:
        """Whether any of this worker's classifiers is among those that a camera names."""
        return not named or not self.only or any(name in self.only for name in named)

    def _ask(self, pictures: Sequence[Picture], serving: Serving, routes: Routes) -> dict[str, list[Picture]]:
        asked: dict[str, list[Picture]] = {}
        for picture in pictures:
            before = answered_before(picture.message)
            named = routes.get(picture.frame.camera_id) or tuple(serving)
            wanted = [name for name in named if name not in before and (not self.only or name in self.only)]
            absent = [name for name in wanted if name not in serving]
            if absent or not wanted:
                error = _already_answered(before) if before and not wanted else _no_model(picture.frame, absent)
                self._give_up(picture.message, error, camera_id=picture.frame.camera_id)
            for name in wanted:
                if name in serving:
                    asked.setdefault(name, []).append(picture)
        return asked

    def _classify(self, classifier: Classifier, pictures: Sequence[Picture]) -> list[Prediction]:
        try:
            inference, infer_ms = infer_timed(
                classifier, [picture.images[find_side(classifier)] for picture in pictures]
            )
        except Exception as error:  # noqa: BLE001  an engine may raise anything; the guilty frame is found below
            first = pictures[0].frame
            log.warning(
                "batch of %d frames failed, trying them one by one: %s",
                len(pictures),
                error,
                extra=frame_extra(first.position, camera_id=first.camera_id, stage="infer"),
            )
            return self._classify_one_by_one(classifier, pictures)
        self.failures_in_a_row = 0
        now = self.clock()
        answers = build_answers(classifier.class_names, inference, TOP)
        return [
            self._predict(classifier, picture, answer, now, infer_ms)
            for picture, answer in zip(pictures, answers, strict=True)
        ]

    def _classify_one_by_one(self, classifier: Classifier, pictures: Sequence[Picture]) -> list[Prediction]:
        predictions = []
        for picture in pictures:
            try:
                inference, infer_ms = infer_timed(classifier, [picture.images[find_side(classifier)]])
            except Exception as error:  # noqa: BLE001  as above; becomes a dead letter with the engine's words
                check_machine(classifier, error)
                check_model(classifier, error)
                self._count_failure(classifier, error)
                reason = FrameError(f"{type(error).__name__}: {error}", stage="infer", reason="inference_failed")
                self._give_up(picture.message, reason, camera_id=picture.frame.camera_id)
                self._failed.append(picture.frame.position)
                continue
            self.failures_in_a_row = 0
            answer = build_answers(classifier.class_names, inference, TOP)[0]
            predictions.append(self._predict(classifier, picture, answer, self.clock(), infer_ms))
        return predictions

    def _count_failure(self, classifier: Classifier, error: Exception) -> None:
        self.failures_in_a_row += 1
        if self.failures_in_a_row >= MAX_FAILURES_IN_A_ROW:
            mend = f"{self.failures_in_a_row} frames failed in a row. Roll the classifier back, or look at the engine."
            raise broken(classifier, error, mend) from error

    def _predict(
        self, classifier: Classifier, picture: Picture, answer: Answer, now: datetime, infer_ms: float | None
    ) -> Prediction:
        frame = picture.frame
        return Prediction(
            position=frame.position,
            frame_id=frame.frame_id,
            camera_id=frame.camera_id,
            image_name=frame.image_name,
            image_sha256=picture.sha256,
            classifier=classifier.classifier,
            role=self.role,
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
            infer_ms=infer_ms,
            precision=classifier.precision,
        )

    def _give_up(self, message: Message, error: FrameError, *, camera_id: str | None) -> None:
        # a frame that two classifiers could not use is one dead letter, with the first reason
        letter = build_dead_letter(message, error, camera_id=camera_id, now=self.clock())
        self._letters.setdefault(message.position, (message, letter))


def answered_before(message: Message) -> frozenset[str]:
    """Classifiers that answered this frame before it became the dead letter that is replayed here."""
    told = last_header(message.headers, REPLAY_ANSWERED) or b""
    return frozenset(told.decode(errors="replace").split(",")) - {""}


def _already_answered(before: Collection[str]) -> FrameError:
    return FrameError(
        f"Expected a classifier that has not answered this frame; {', '.join(sorted(before))} did, and its camera asks "
        "for no other.",
        stage="infer",
        reason="already_answered",
    )


def _no_model(frame: Frame, absent: Sequence[str]) -> FrameError:
    return FrameError(
        f"Expected a production version of {', '.join(absent) or 'any classifier'} for camera {frame.camera_id!r}, "
        "found none.",
        stage="infer",
        reason="no_model",
    )
