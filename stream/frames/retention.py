"""Retention: what is too old or too much goes, the oldest first, by one process at a time, never under a reader."""

import logging
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

from sqlalchemy import ColumnElement, and_, not_, or_, select

from pipelines.errors import FrameStoreError, StoreError
from stream.frames.config import KeepPolicy
from stream.frames.frame_store import FrameStore
from stream.frames.kept_frames import EVIDENCE, KeptFrame, KeptIndex
from stream.frames.leases import forget_expired_leases, read_leases
from stream.frames.locks import StoreLocks
from stream.tables import kept_frames

CHUNK_FRAMES: Final = 500
SWEEP_SECONDS: Final = 60.0
ORPHAN_AGE: Final = timedelta(hours=1)
"""A content without a row is younger than this while its keeper is still to write the row."""
ORPHAN_SECONDS: Final = 3600.0
"""Between two looks for orphans: they cost a listing of the whole store."""
LOW_WATER: Final = 0.9
"""Share of the limit to which a store that is too large is brought down, so that it is not swept for each frame."""

_CONTENT: Final = re.compile(r"[0-9a-f]{2}/(?P<sha256>[0-9a-f]{64})\.[a-z]+(\.\d+\.partial)?")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep removed."""

    rows: int = 0
    """One for each reason of a frame."""
    files: int = 0
    bytes: int = 0
    orphans: int = 0
    """Files without a row."""

    def __add__(self, other: "Swept") -> "Swept":
        return Swept(
            self.rows + other.rows,
            self.files + other.files,
            self.bytes + other.bytes,
            self.orphans + other.orphans,
        )


def find_unneeded(frames: Sequence[KeptFrame], references: Mapping[str, int]) -> dict[str, int]:
    """Path to size of each content that no row but these needs; `references` counts all rows by SHA-256."""
    going = Counter(frame.sha256 for frame in frames)
    return {frame.path: frame.size_bytes for frame in frames if going[frame.sha256] >= references[frame.sha256]}


def is_expired(policy: KeepPolicy, now: datetime) -> ColumnElement[bool]:
    """Of the table of kept frames: older than its camera's `days`, or `evidence_days`."""
    table = kept_frames.c
    is_evidence = table.reason.in_(EVIDENCE)
    own: dict[tuple[float, float], list[str]] = {}
    for camera_id in policy.cameras:
        keep = policy.of(camera_id)
        own.setdefault((keep.days, keep.evidence_days), []).append(camera_id)
    usual = (policy.keep.days, policy.keep.evidence_days)
    own.pop(usual, None)
    others = [camera_id for cameras in own.values() for camera_id in cameras]
    groups: list[tuple[tuple[float, float], ColumnElement[bool]]] = [
        (usual, or_(table.camera_id.is_(None), table.camera_id.not_in(others))),
        *((terms, table.camera_id.in_(cameras)) for terms, cameras in own.items()),
    ]
    shortest = min(min(terms) for terms, _ in groups)
    # said once more outside the alternatives: so much of the table an index can leave out
    return and_(
        table.kept_at < now - timedelta(days=shortest),
        or_(
            *(
                and_(
                    cameras,
                    or_(
                        and_(not_(is_evidence), table.kept_at < now - timedelta(days=days)),
                        and_(is_evidence, table.kept_at < now - timedelta(days=evidence_days)),
                    ),
                )
                for (days, evidence_days), cameras in groups
            )
        ),
    )


class Retention:
    """Sweeps one frame store. Errors are FrameStoreError and StoreError; what was not removed goes the next time."""

    def __init__(
        self,
        store: FrameStore,
        index: KeptIndex,
        policy: Callable[[], KeepPolicy],
        *,
        prepare: Callable[[], object] = lambda: None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._index = index
        self._locks = StoreLocks(index.database.engine, store.address)
        self._policy = policy
        self._prepare = prepare
        self._clock = clock
        self._orphans_at = float("-inf")

    def start(self, end: threading.Event) -> None:
        """Sweep every minute on a thread of its own until the event is set."""
        threading.Thread(target=self._run, args=(end,), name="retention", daemon=True).start()

    def sweep(self, *, orphans: bool) -> Swept | None:
        """Everything that is due; None when another process does it at this moment."""
        with self._locks.sweeping() as ours:
            if not ours:
                return None
            self._prepare()
            forget_expired_leases(self._index, self._clock())
            swept = self._sweep_old() + self._sweep_surplus()
            return swept + self._sweep_orphans() if orphans else swept

    def delete_camera(self, camera_id: str) -> Swept:
        """Every kept frame of the camera in this store, at once, whoever reads it."""
        self._prepare()
        return self._sweep_all(kept_frames.c.camera_id == camera_id, leased=False)

    def _run(self, end: threading.Event) -> None:
        while not end.wait(SWEEP_SECONDS):
            try:
                self._sweep_by_itself()
            except (FrameStoreError, StoreError) as error:
                log.warning("kept frames were not swept, next try in %.0f s: %s", SWEEP_SECONDS, error)
            except Exception:
                log.exception("kept frames were not swept, next try in %.0f s", SWEEP_SECONDS)

    def _sweep_by_itself(self) -> None:
        due = time.monotonic() - self._orphans_at >= ORPHAN_SECONDS
        swept = self.sweep(orphans=due)
        if swept is not None and due:
            self._orphans_at = time.monotonic()
        if swept is not None and (swept.rows or swept.orphans):
            log.info(
                "swept %d rows of kept frames and %d orphans, %d files, %d bytes",
                swept.rows,
                swept.orphans,
                swept.files,
                swept.bytes,
            )

    def _sweep_old(self) -> Swept:
        return self._sweep_all(is_expired(self._policy(), self._clock()), leased=True)

    def _sweep_surplus(self) -> Swept:
        limit = self._policy().keep.max_bytes
        surplus = self._index.total_bytes(self._store.address) - limit
        if surplus <= 0:
            return Swept()
        wanted = surplus + int(limit * (1 - LOW_WATER))
        swept = Swept()
        for evidence in (False, True):
            last = kept_frames.c.reason.in_(EVIDENCE)
            rank = last if evidence else not_(last)
            swept += self._sweep_all(rank, leased=True, wanted_bytes=wanted - swept.bytes)
        return swept

    def _sweep_all(self, condition: ColumnElement[bool], *, leased: bool, wanted_bytes: int | None = None) -> Swept:
        """Ends with a chunk that is not full: frames may come as fast as they go."""
        swept = Swept()
        while wanted_bytes is None or swept.bytes < wanted_bytes:
            left = None if wanted_bytes is None else wanted_bytes - swept.bytes
            chunk = self._sweep_chunk(condition, left, leased=leased)
            swept += chunk
            if chunk.rows < CHUNK_FRAMES:
                break
        return swept

    def _sweep_chunk(self, condition: ColumnElement[bool], wanted_bytes: int | None, *, leased: bool) -> Swept:
        """The oldest that fit the condition; files first, so that nothing is forgotten when the process ends here."""
        began = time.monotonic()
        table = kept_frames.c
        with self._locks.alone():
            held = [window.matches() for window in read_leases(self._index, self._clock())] if leased else []
            statement = select(kept_frames).where(table.store == self._store.address, condition)
            if held:
                statement = statement.where(not_(or_(*held)))
            oldest = self._index.select(statement.order_by(table.kept_at).limit(CHUNK_FRAMES))
            references = self._index.count_references(self._store.address, [frame.sha256 for frame in oldest])
            frames = oldest if wanted_bytes is None else take_bytes(oldest, references, wanted_bytes)
            unneeded = find_unneeded(frames, references)
            self._store.delete(list(unneeded))
            self._index.remove(frames)
        _give_way(time.monotonic() - began)
        return Swept(rows=len(frames), files=len(unneeded), bytes=sum(unneeded.values()))

    def _sweep_orphans(self) -> Swept:
        """Contents without a row, and pieces: what a killed keeper left. Files of other names are not touched."""
        limit = self._clock() - ORPHAN_AGE
        old = (
            (file.path, match["sha256"])
            for file in self._store.list_files()
            if file.modified_at < limit and (match := _CONTENT.fullmatch(file.path))
        )
        swept = Swept()
        while chunk := list(islice(old, CHUNK_FRAMES)):
            with self._locks.alone():
                known = self._index.count_references(self._store.address, [sha256 for _, sha256 in chunk])
                orphans = [path for path, sha256 in chunk if sha256 not in known or path.endswith(".partial")]
                self._store.delete(orphans)
            swept += Swept(files=len(orphans), orphans=len(orphans))
        return swept


def take_bytes(oldest: Sequence[KeptFrame], references: Mapping[str, int], wanted_bytes: int) -> Sequence[KeptFrame]:
    """So many of the first as free the wanted bytes; a content that others need frees none."""
    left = dict(references)
    freed = 0
    for number, frame in enumerate(oldest, start=1):
        left[frame.sha256] -= 1
        freed += frame.size_bytes if left[frame.sha256] == 0 else 0
        if freed >= wanted_bytes:
            return oldest[:number]
    return oldest


def _give_way(seconds: float) -> None:
    """As long as the chunk took: those who keep and those who serve have the other half of the time."""
    threading.Event().wait(min(max(seconds, 0.005), 1.0))
