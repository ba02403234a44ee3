"""Frames of the past through the worker's own code: read ahead, decoded in threads, answered in one, stored."""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from queue import Empty, Full, Queue
from typing import Final, TypeVar

from pipelines.datasets.threads import count_cores
from pipelines.errors import ImageError
from pipelines.images import Image
from pipelines.inference import Answer, Classifier, build_answers
from pipelines.preprocessing import find_side
from pipelines.scaled_images import Side, decode_for
from stream.messages import Prediction
from stream.time_travel.pictures import Found
from stream.time_travel.windows import LiveFrame, name_role
from stream.worker.batches import PIXEL_BYTES, TOP
from stream.worker.inferring import check_machine, check_model, infer_checked

BATCH: Final = 16
MOST_MISSING: Final = 10_000
"""Missing frames that are named; beyond them they are counted."""
READ_AHEAD: Final = 32
"""Encoded pictures that wait for a decoder."""

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class MissingFrame:
    """A frame that has no answer now."""

    frame_id: str
    camera_id: str
    captured_at: datetime
    reason: str
    """A key of GONE_IN_WORDS."""


@dataclass(slots=True)
class Tally:
    """What became of some frames."""

    before: int = 0
    """Answered by an earlier run."""
    kept: int = 0
    topic: int = 0
    answered: int = 0
    """By this run; their pictures came from the kept frames or the topic."""
    missing: Counter[str] = field(default_factory=Counter)
    """By reason, a key of GONE_IN_WORDS."""
    missing_frames: list[MissingFrame] = field(default_factory=list)
    """Which these are, MOST_MISSING at most."""

    @property
    def frames(self) -> int:
        return self.before + self.answered + self.missing.total()

    def miss(self, frame: LiveFrame | Prediction, reason: str) -> None:
        self.missing[reason] += 1
        if len(self.missing_frames) < MOST_MISSING:
            self.missing_frames.append(MissingFrame(frame.frame_id, frame.camera_id, frame.captured_at, reason))

    def add(self, other: "Tally") -> None:
        self.before += other.before
        self.kept += other.kept
        self.topic += other.topic
        self.answered += other.answered
        self.missing += other.missing
        self.missing_frames += other.missing_frames[: MOST_MISSING - len(self.missing_frames)]


@dataclass(frozen=True, slots=True)
class Decoded:
    """A frame with its pixels; without any, `found` or `reason` says why."""

    found: Found
    image: Image | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Answering:
    """One version, asked about frames of the past. For one thread at a time."""

    classifier: Classifier
    worker: str
    """Who replays, as rows say."""
    give_way: Callable[[], None] = lambda: None
    """Called before each batch; returns when there is time to spare."""

    def answer(self, found: Iterable[Found]) -> Iterator[tuple[Tally, list[Prediction]]]:
        """By batches. Raises ModelError when the version or the machine is broken and not a frame."""
        for batch in _cut(decode_ahead(found, find_side(self.classifier))):
            self.give_way()
            tally = Tally()
            for each in batch:
                tally.kept += each.found.origin == "kept"
                tally.topic += each.found.origin == "topic"
                if each.reason:
                    tally.miss(each.found.frame, each.reason)
            good = [(each.found.frame, each.image) for each in batch if each.image is not None]
            predictions = self._infer(good, tally) if good else []
            tally.answered = len(predictions)
            yield tally, predictions

    def _infer(self, good: Sequence[tuple[LiveFrame, Image]], tally: Tally) -> list[Prediction]:
        try:
            return self._ask(good)
        except Exception:  # noqa: BLE001  an engine may raise anything; the guilty frame is found below
            predictions = []
            for each in good:
                try:
                    predictions.extend(self._ask([each]))
                except Exception as error:  # noqa: BLE001  as above
                    check_machine(self.classifier, error)
                    check_model(self.classifier, error)
                    tally.miss(each[0], "failed")
            return predictions

    def _ask(self, good: Sequence[tuple[LiveFrame, Image]]) -> list[Prediction]:
        inference = infer_checked(self.classifier, [image for _, image in good])
        answers = build_answers(self.classifier.class_names, inference, TOP)
        now = datetime.now(UTC)
        return [self._predict(frame, answer, now) for (frame, _), answer in zip(good, answers, strict=True)]

    def _predict(self, frame: LiveFrame, answer: Answer, now: datetime) -> Prediction:
        return Prediction(
            position=frame.position,
            frame_id=frame.frame_id,
            camera_id=frame.camera_id,
            image_name=frame.image_name,
            image_sha256=frame.image_sha256,
            classifier=self.classifier.classifier,
            role=name_role(self.classifier.version),
            model_version=self.classifier.version,
            label=answer.label,
            confidence=answer.confidence,
            top=answer.top,
            decision=answer.decision,
            captured_at=frame.captured_at,
            received_at=frame.received_at,
            predicted_at=now,
            worker=self.worker,
            nearest=answer.nearest,
            precision=self.classifier.precision,
        )


def decode_ahead(found: Iterable[Found], side: Side = None) -> Iterator[Decoded]:
    """In their order, decoded in threads while a batch is answered; pixels of two batches at most are held."""
    waiting: deque[Future[Decoded]] = deque()
    ahead = cores = count_cores()
    with ThreadPoolExecutor(cores) as pool:
        for each in found:
            waiting.append(pool.submit(_decode, each, side))
            while len(waiting) > ahead:
                decoded = waiting.popleft().result()
                if decoded.image is not None:
                    # large pictures, fewer of them: one may have 75 MB
                    ahead = max(cores, min(BATCH, PIXEL_BYTES // decoded.image.nbytes))
                yield decoded
        while waiting:
            yield waiting.popleft().result()


def _decode(found: Found, side: Side) -> Decoded:
    if found.origin == "gone":
        return Decoded(found, None, found.reason)
    try:
        return Decoded(found, decode_for(found.jpeg, side))
    except ImageError:  # it was decoded once: the limits of then were others
        return Decoded(found, None, "undecodable")


def _cut(decoded: Iterable[Decoded]) -> Iterator[list[Decoded]]:
    batch: list[Decoded] = []
    pixels = 0
    for each in decoded:
        batch.append(each)
        pixels += each.image.nbytes if each.image is not None else 0
        if len(batch) == BATCH or pixels >= PIXEL_BYTES:
            yield batch
            batch, pixels = [], 0
    if batch:
        yield batch


def read_ahead(
    items: Iterable[Item], most: int = READ_AHEAD, *, release: Callable[[], None] = lambda: None
) -> Iterator[Item]:
    """The items, taken by a thread of its own; it ends with this iterator, and what it raises is raised here.

    `release` is called at the end, for a thread that waits for something.
    """
    queue: Queue[tuple[Item | None, BaseException | None]] = Queue(most)
    closed = threading.Event()

    def put(item: Item | None, error: BaseException | None) -> bool:
        while not closed.is_set():
            try:
                queue.put((item, error), timeout=0.1)
                return True
            except Full:
                continue
        return False

    def read() -> None:
        try:
            for item in items:
                if not put(item, None):
                    return
            put(None, StopIteration())
        except BaseException as error:  # noqa: BLE001  raised in the thread that waits for the item
            put(None, error)
        finally:
            if isinstance(items, Generator):
                items.close()

    thread = threading.Thread(target=read, name="reading the past", daemon=True)
    thread.start()
    try:
        while True:
            item, error = queue.get()
            if isinstance(error, StopIteration):
                return
            if error is not None:
                raise error
            yield item  # type: ignore[misc]  # an item came without an error
    finally:
        closed.set()
        release()
        thread.join()


class Storing:
    """Writes rows on a thread of its own, which keeps its priority when the one that answers gives its up:
    whoever holds the store's lock must not be the last to be given the processor.
    """

    ROWS: Final = 128
    SECONDS: Final = 1.0

    def __init__(self, store_rows: Callable[[list[Prediction]], None]) -> None:
        self._store_rows = store_rows
        self._queue: Queue[list[Prediction] | None] = Queue(4)
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="storing the past", daemon=True)
        self._thread.start()

    def put(self, predictions: list[Prediction]) -> None:
        """Raises what the store raised about rows of before."""
        self._check()
        if predictions:
            self._queue.put(predictions)

    def close(self) -> None:
        """Returns when every row is stored; raises what the store raised."""
        self._queue.put(None)
        self._thread.join()
        self._check()

    def _check(self) -> None:
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def _run(self) -> None:
        rows: list[Prediction] = []
        due = time.monotonic() + self.SECONDS
        while True:
            try:
                some = self._queue.get(timeout=max(0.01, due - time.monotonic()))
            except Empty:
                some = []
            rows.extend(some or [])
            if some is None or len(rows) >= self.ROWS or time.monotonic() >= due:
                self._flush(rows)
                rows, due = [], time.monotonic() + self.SECONDS
            if some is None:
                return

    def _flush(self, rows: list[Prediction]) -> None:
        if rows and self._error is None:
            try:
                self._store_rows(rows)
            except Exception as error:  # noqa: BLE001  raised in the thread that answers
                self._error = error
