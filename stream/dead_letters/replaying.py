"""Dead letters are sent to the frames topic once more, each of them once, and what comes of it is waited for."""

import asyncio
import hashlib
import time
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal

from stream.dead_letters import records
from stream.dead_letters.letters import KeptLetter, build_replay
from stream.dead_letters.records import LEASE, StoredLetter
from stream.dead_letters.topic import Topics, connect
from stream.messages import DeadLetter, Position
from stream.store import PredictionStore

LETTERS_AT_ONCE: Final = 100
BYTES_AT_ONCE: Final = 16 * 1024 * 1024
_POLL_SECONDS: Final = 0.25

Obstacle = Literal["replayed", "elsewhere", "gone", "left_out", "refused", "uncertain"]
Say = Callable[[str], object]
Letters = dict[Position, StoredLetter]


@dataclass(slots=True)
class ReplayReport:
    """What became of every letter that was asked for."""

    sent: dict[Position, Position] = field(default_factory=dict)
    """Letter -> where its message lies now."""
    continued: int = 0
    """Of these, how many an earlier command had sent without coming to say so."""
    not_sent: dict[Position, tuple[Obstacle, str]] = field(default_factory=dict)
    """With a sentence for the person."""
    again_dead: dict[Position, DeadLetter] = field(default_factory=dict)
    """Letter -> the letter that its replay became."""
    answered: set[Position] = field(default_factory=set)

    @property
    def waiting(self) -> list[Position]:
        """Sent, and not yet read by a worker."""
        return [letter for letter in self.sent if letter not in self.answered and letter not in self.again_dead]


def replay_letters(
    store: PredictionStore,
    bootstrap: str,
    letters: Sequence[StoredLetter],
    *,
    wait_seconds: float,
    say: Say = lambda text: None,
) -> ReplayReport:
    """Send each letter's message again unless somebody did, and wait for what comes of it.

    Raises StoreError and BrokerError; what was sent by then is found by the next call and not sent a second time.
    """
    replay = Replay(store)
    asyncio.run(replay.run(bootstrap, letters, say))
    replay.wait(wait_seconds, say)
    return replay.report


class Replay:
    """One command's replay. A letter is claimed in the store, sent, and marked, in this order.

    A claim that grew old belongs to a command that ended in between: whether its message was sent is read from the
    frames topic, where the message carries the claim's id.
    """

    def __init__(self, store: PredictionStore) -> None:
        self._store = store
        self.report = ReplayReport()

    async def run(self, bootstrap: str, letters: Sequence[StoredLetter], say: Say = lambda text: None) -> None:
        wanted, interrupted = self._sort(letters, datetime.now(UTC))
        if not wanted and not interrupted:
            return
        async with connect(bootstrap, writing=True) as topics:
            wanted.update(await self._resume(topics, interrupted))
            if wanted:
                say(f"looking for {len(wanted)} letters on the dead-letter topic")
                await self._send(topics, wanted)
        say(f"{len(self.report.sent)} sent again")

    def wait(self, seconds: float, say: Say = lambda text: None) -> None:
        """Ask the store until every message that was sent is answered or dead again, or the time is over."""
        deadline = time.monotonic() + seconds
        said_at = time.monotonic()
        while waiting := self.report.waiting:
            self._look(waiting)
            if time.monotonic() >= deadline:
                return
            if time.monotonic() - said_at > 5:
                said_at = time.monotonic()
                say(f"waiting for the worker: {len(self.report.waiting)} of {len(self.report.sent)} are left")
            if self.report.waiting:
                time.sleep(_POLL_SECONDS)

    def _sort(self, letters: Sequence[StoredLetter], now: datetime) -> tuple[Letters, Letters]:
        """Letters to send, and those whose replay ended before it could mark them."""
        wanted, interrupted = {}, {}
        for stored in letters:
            if stored.replayed_at is not None:
                place = stored.replayed_as.frame_id if stored.replayed_as else "an unknown place"
                words = f"replayed before, at {stored.replayed_at:%Y-%m-%d %H:%M} as {place}"
                self.report.not_sent[stored.position] = ("replayed", words)
            elif stored.replay_claimed_at is None:
                wanted[stored.position] = stored
            elif now - stored.replay_claimed_at > LEASE:
                interrupted[stored.position] = stored
            else:
                self._leave_elsewhere([stored.position])
        return wanted, interrupted

    async def _resume(self, topics: Topics, interrupted: Letters) -> Letters:
        """Mark what interrupted replays had sent; the rest is to be sent, under the same ids."""
        now = datetime.now(UTC)
        mine = {at: stored for at, stored in interrupted.items() if records.take_over(self._store, stored, now)}
        self._leave_elsewhere(interrupted.keys() - mine.keys())
        if not mine:
            return {}
        starts: dict[int, int] = {}
        for position, stored in mine.items():
            start = stored.replay_from or 0
            starts[position.partition] = min(start, starts.get(position.partition, start))
        found, kept_from = await topics.find_replays({stored.replay_id or "" for stored in mine.values()}, starts)
        sent = {at: found[stored.replay_id] for at, stored in mine.items() if stored.replay_id in found}
        self._mark(sent)
        self.report.continued = len(sent)
        rest = {at: stored for at, stored in mine.items() if at not in sent}
        unknown = {at for at, stored in rest.items() if (stored.replay_from or 0) < kept_from[at.partition]}
        for position in unknown:
            self.report.not_sent[position] = (
                "uncertain",
                "a replay was interrupted so long ago that nobody knows whether it was sent",
            )
        return {at: stored for at, stored in rest.items() if at not in unknown}

    async def _send(self, topics: Topics, wanted: Letters) -> None:
        """One pass over the dead-letter topic, in bounded parts."""
        part: dict[Position, KeptLetter] = {}
        size = 0
        incomplete: set[Position] = set()
        async for kept in topics.letters():
            stored = wanted.get(kept.position)
            if stored is None or kept.position in part:
                continue  # not asked for, sent already, or there twice
            if not is_whole(kept, stored):
                incomplete.add(kept.position)
                continue
            part[kept.position] = kept
            size += stored.letter.size_bytes
            if len(part) >= LETTERS_AT_ONCE or size >= BYTES_AT_ONCE:
                await self._send_part(topics, part, wanted)
                part, size = {}, 0
        await self._send_part(topics, part, wanted)
        for position in wanted:
            self.report.not_sent[position] = (
                ("left_out", "too large for the dead-letter topic, which holds only its SHA-256")
                if position in incomplete
                else ("gone", "no longer on the dead-letter topic: older than the topic's retention")
            )
        self._release([at for at, stored in wanted.items() if stored.replay_id])

    async def _send_part(self, topics: Topics, part: Mapping[Position, KeptLetter], wanted: Letters) -> None:
        ends, claimed_at = await topics.ends(), time.monotonic()
        asked = {at: wanted.pop(at).replay_id or uuid.uuid4().hex for at in part}
        self._refuse({at: f"there is no partition {at.partition} any more" for at in asked if at.partition not in ends})
        asked = {at: replay_id for at, replay_id in asked.items() if at.partition in ends}
        mine = records.claim(self._store, asked, ends, datetime.now(UTC))
        self._leave_elsewhere(asked.keys() - mine)
        answers = records.find_answers(self._store, mine)
        if time.monotonic() - claimed_at > LEASE.total_seconds() / 2:
            # this process stood still: another one may take these over any moment
            self._leave_elsewhere(mine)
            return
        order = [at for at in part if at in mine]
        messages = [build_replay(part[at], replay_id=asked[at], answered=answers.get(at, ())) for at in order]
        outcomes = await topics.send([(at.partition, message) for at, message in zip(order, messages, strict=True)])
        told = dict(zip(order, outcomes, strict=True))
        self._mark({at: offset for at, offset in told.items() if offset is not None})
        self._refuse({at: f"larger than {at.topic} takes" for at, offset in told.items() if offset is None})

    def _look(self, waiting: Sequence[Position]) -> None:
        now_at = {self.report.sent[letter]: letter for letter in waiting}
        for position, dead in records.find_dead(self._store, now_at.keys()).items():
            self.report.again_dead[now_at[position]] = dead
        for position in records.find_answers(self._store, now_at.keys()):
            self.report.answered.add(now_at[position])

    def _mark(self, sent: Mapping[Position, int]) -> None:
        if sent:
            records.mark_replayed(self._store, sent, datetime.now(UTC))
        self.report.sent.update({at: Position(at.topic, at.partition, offset) for at, offset in sent.items()})

    def _refuse(self, reasons: Mapping[Position, str]) -> None:
        self.report.not_sent.update({at: ("refused", why) for at, why in reasons.items()})
        self._release(reasons)

    def _release(self, positions: Collection[Position]) -> None:
        if positions:
            records.release(self._store, positions)

    def _leave_elsewhere(self, positions: Iterable[Position]) -> None:
        for position in positions:
            self.report.not_sent[position] = (
                "elsewhere",
                f"another command replays it, or was ended; try again in {LEASE.seconds // 60} minutes",
            )


def is_whole(kept: KeptLetter, stored: StoredLetter) -> bool:
    """Whether the topic holds the very bytes that became the dead letter."""
    return kept.complete and hashlib.sha256(kept.value or b"").hexdigest() == stored.letter.sha256
