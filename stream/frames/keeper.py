"""The keeper: writes the pictures worth keeping beside the serving, on a thread of its own.

Keeping never costs a frame and never makes one wait: what does not fit into the queue is not kept, and counted.
"""

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from pipelines.errors import FrameStoreError
from stream.frames.config import KeepPolicy
from stream.frames.frame_store import FrameStore, recognise_suffix
from stream.frames.kept_frames import KeptFrame, KeptIndex, at_now
from stream.frames.locks import StoreLocks
from stream.frames.policy import Candidate, choose_frames, choose_letters
from stream.messages import DeadLetter, Message, Position, Prediction

QUEUE_BYTES: Final = 32 * 1024 * 1024
GROUP_FRAMES: Final = 64
GROUP_BYTES: Final = 8 * 1024 * 1024
LOOK_SECONDS: Final = 1.0
"""How often the free space is looked at."""
FIRST_PAUSE_SECONDS: Final = 1.0
"""After the first failure, four times as long after each further one; meanwhile the queue fills."""
TRIES: Final = 4
SAY_SECONDS: Final = 60.0

NotKept = Literal["queue_full", "disk_reserve", "store_away", "stopping"]

log = logging.getLogger(__name__)


class Answered(Protocol):
    """What the keeper needs of a batch's outcome."""

    @property
    def predictions(self) -> Sequence[Prediction]: ...

    @property
    def dead_letters(self) -> Sequence[tuple[Message, DeadLetter]]: ...

    @property
    def pictures(self) -> Mapping[Position, bytes]: ...


@dataclass(frozen=True, slots=True)
class KeeperCounts:
    """Since the process began; the values only grow, but for what waits."""

    kept: int
    kept_bytes: int
    not_kept: Mapping[NotKept, int]
    waiting_bytes: int


class Keeper:
    """Takes outcomes from the worker's thread and writes them from its own; the index's rows come after the bytes."""

    def __init__(
        self,
        store: FrameStore,
        index: KeptIndex,
        policy: Callable[[], KeepPolicy],
        *,
        prepare: Callable[[], object] = lambda: None,
        queue_bytes: int = QUEUE_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._index = index
        self._locks = StoreLocks(index.database.engine, store.address)
        self._policy = policy
        self._prepare = prepare
        self._prepared = False
        self._queue_bytes = queue_bytes
        self._clock = clock
        self._changed = threading.Condition()
        self._waiting: deque[Candidate] = deque()
        self._waiting_bytes = 0
        self._kept = self._kept_bytes = 0
        self._not_kept: Counter[NotKept] = Counter()
        self._said_at: dict[NotKept, float] = {}
        self._failing = ""
        self._looked_at = float("-inf")
        self._room = True
        self._stopping = False
        self.closed = threading.Event()
        """Set by `close`."""
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def offer(self, outcome: Answered) -> None:
        """Choose what of a stored batch is worth keeping and queue it; returns at once and raises nothing."""
        try:
            policy = self._policy()
            chosen = [
                *choose_frames(outcome.predictions, outcome.pictures, policy),
                *choose_letters(outcome.dead_letters, policy),
            ]
            self._queue(chosen)
        except Exception:  # a picture for later is never worth a frame
            log.exception("could not choose the frames to keep")

    def counts(self) -> KeeperCounts:
        with self._changed:
            return KeeperCounts(self._kept, self._kept_bytes, dict(self._not_kept), self._waiting_bytes)

    def close(self, timeout_seconds: float) -> None:
        """Write what waits, as far as the time allows; the rest is not kept."""
        self.closed.set()
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout_seconds)
        with self._changed:
            left, self._waiting, self._waiting_bytes = len(self._waiting), deque(), 0
        self._refuse("stopping", left, "the process ends")

    def keep(self, group: Sequence[Candidate]) -> list[int]:
        """Bytes first, then the rows; the sizes of what was kept.

        Raises FrameStoreError or StoreError; then none of the group counts as kept.
        """
        if not self._prepared:
            self._prepare()
            self._prepared = True
        policy = self._policy()
        sizes: list[int] = []
        frames: list[KeptFrame] = []
        contents: dict[str, bytes] = {}
        for candidate in group:
            if not policy.of(candidate.frames[0].camera_id).enabled:
                continue  # switched off while it waited; who deletes a camera's frames must not find new ones
            suffix = recognise_suffix(candidate.content)
            kept = [at_now(frame, store=self._store.address, suffix=suffix) for frame in candidate.frames]
            frames += kept
            sizes.append(len(candidate.content))
            contents[kept[0].path] = candidate.content
        with self._locks.shared():
            self._store.write(contents)
            self._index.record(frames)
        return sizes

    def _queue(self, chosen: Iterable[Candidate]) -> None:
        refused = 0
        with self._changed:
            reason: NotKept = "stopping" if self._stopping else "store_away" if self._failing else "queue_full"
            for candidate in chosen:
                size = len(candidate.content)
                if self._stopping or self._waiting_bytes + size > self._queue_bytes:
                    refused += 1
                else:
                    self._waiting.append(candidate)
                    self._waiting_bytes += size
            self._changed.notify_all()
        self._refuse(reason, refused, self._failing or "the frame store is slower than the frames come")

    def _run(self) -> None:
        while group := self._take():
            if not self._has_room():
                self._refuse("disk_reserve", len(group), "the disk has reached its reserve (keep.min_free_share)")
                continue
            for attempt in range(TRIES):
                if self._try(group):
                    break
                self._wait(FIRST_PAUSE_SECONDS * 4**attempt)
            else:
                self._refuse("store_away", len(group), self._failing)

    def _take(self) -> list[Candidate]:
        """What waits, up to a group; empty when the keeper has ended."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._stopping)
            group: list[Candidate] = []
            size = 0
            while self._waiting and len(group) < GROUP_FRAMES and size < GROUP_BYTES:
                group.append(self._waiting.popleft())
                size += len(group[-1].content)
            self._waiting_bytes -= size
            return group

    def _try(self, group: Sequence[Candidate]) -> bool:
        try:
            sizes = self.keep(group)
        except Exception as error:  # noqa: BLE001  the thread must live: what it does not keep is counted and said
            self._failing = str(error) or type(error).__name__
            return False
        self._failing = ""
        with self._changed:
            self._kept += len(sizes)
            self._kept_bytes += sum(sizes)
        return True

    def _wait(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopping, timeout=seconds)

    def _has_room(self) -> bool:
        now = self._clock()
        if now - self._looked_at >= LOOK_SECONDS:
            self._looked_at = now
            try:
                self._room = self._store.free_share() > self._policy().keep.min_free_share
            except FrameStoreError:
                self._room = True  # writing will say what is wrong
        return self._room

    def _refuse(self, reason: NotKept, frames: int, words: str) -> None:
        if not frames:
            return
        with self._changed:
            self._not_kept[reason] += frames
            total = self._not_kept[reason]
            now = self._clock()
            silent = now - self._said_at.get(reason, float("-inf")) < SAY_SECONDS
            if not silent:
                self._said_at[reason] = now
        if not silent:
            log.warning("frames are not kept, %d so far (%s): %s", total, reason, words)
