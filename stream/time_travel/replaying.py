"""A replay from its beginning to its comparison: planned, held alone, leased, answered, marked."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Literal

from pipelines.classifying.running import Progress
from pipelines.errors import StoreError
from stream.frames.keeping import FramesPlace
from stream.frames.kept_frames import KeptIndex
from stream.frames.leases import LEASE_SECONDS, Window, lease_frames
from stream.messages import Position
from stream.store import PredictionStore
from stream.tables import predictions
from stream.time_travel.answering import MissingFrame, Tally
from stream.time_travel.comparing import ChangedFrame, Comparison, compare_window, find_changed
from stream.time_travel.jobs import JobLog, ReplayJob, hold_alone
from stream.time_travel.pictures import Pictures, tell_gone
from stream.time_travel.replayer import Asked, Replayer
from stream.time_travel.topic import FramesTopic
from stream.time_travel.windows import (
    Part,
    Unanswered,
    count_unanswered,
    load_frames_at,
    plan_parts,
    require_frames,
)

MARK_SECONDS: Final = 2.0

EngineName = Literal["local", "ray"]
Say = Callable[[str], None]
Engine = Callable[[Sequence[Part]], Iterator[Tally]]
"""Answers parts and tells what became of their frames; every row is stored when it ends, also when it is closed."""


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What a replay did, and what came of it."""

    asked: Asked
    engine: EngineName
    tally: Tally
    comparison: Comparison
    unanswered: Unanswered
    seconds: float
    resumed: bool
    """Some frames were answered by an earlier run."""
    stopped: bool
    """By Ctrl-C, before its end."""

    @property
    def missing_frames(self) -> tuple[MissingFrame, ...]:
        """Frames that this run found no answer for, in the order they were captured; MOST_MISSING at most."""
        frames = self.tally.missing_frames
        return tuple(sorted(frames, key=lambda each: (each.captured_at, each.camera_id, each.frame_id)))

    @property
    def fps(self) -> float:
        return self.tally.answered / self.seconds if self.seconds else 0.0


@dataclass(slots=True)
class _Run:
    """One command's work on a job."""

    log: JobLog
    job: ReplayJob
    tally: Tally = field(default_factory=Tally)
    marked_at: float = field(default_factory=time.monotonic)

    def follow(self, tallies: Iterator[Tally], say: Say) -> bool:
        """False when Ctrl-C ended it."""
        began, progress = time.monotonic(), Progress(say)
        try:
            for tally in tallies:
                self.tally.add(tally)
                rate = self.tally.answered / max(time.monotonic() - began, 1e-3)
                progress.tell(f"{self.tally.frames:,} of {self.job.total:,} frames, {rate:.0f} a second")
                if time.monotonic() - self.marked_at > MARK_SECONDS:
                    self.mark("running")
        except KeyboardInterrupt:
            self.mark("stopped")
            return False
        except BaseException:
            self.mark("failed")
            raise
        self.mark("done")
        return True

    def mark(self, state: Literal["running", "stopped", "failed", "done"]) -> None:
        self.marked_at = time.monotonic()
        self.log.mark(self.job, self.tally.frames, state)


def replay_window(asked: Asked, engine: EngineName, say: Say) -> ReplayReport:
    """Answer the window with the version, as far as its pictures are still there, and compare.

    Raises StoreError for a window without frames and when another command replays with this version, FrameStoreError
    and BrokerError when what should have the pictures is away, RegistryError and ModelError for the version.
    """
    store = PredictionStore(asked.settings.resolve_database_url())
    if store.has_table(predictions.name):
        store.migrate()
    run_engine = _open_engine(asked, engine)
    parts = plan_parts(store, asked.window)
    require_frames(store, asked.window, parts)
    log, frames = JobLog(store), sum(part.frames for part in parts)
    with hold_alone(log, asked.window.classifier, asked.version), hold_pictures(asked, store):
        _say_what(log.find(asked.window, asked.version), asked, frames, say)
        run = _Run(log, log.begin(asked.window, asked.version, engine, frames))
        began = time.monotonic()
        finished = run.follow(run_engine(parts), say)
        seconds = time.monotonic() - began
    _require_pictures(run.tally, finished)
    comparison = compare_window(store, asked.window, asked.version)
    if not finished:
        log.mark(run.job, comparison.compared, "stopped")
    return ReplayReport(
        asked=asked,
        engine=engine,
        tally=run.tally,
        comparison=comparison,
        unanswered=count_unanswered(store, asked.window),
        seconds=seconds,
        resumed=run.tally.before > 0,
        stopped=not finished,
    )


def find_shown(report: ReplayReport) -> tuple[tuple[ChangedFrame, ...], Mapping[Position, bytes]]:
    """Those of which the version is surest, and their pictures by place."""
    asked = report.asked
    settings = asked.settings
    store = PredictionStore(settings.resolve_database_url())
    changed = find_changed(store, asked.window, asked.version)
    bootstrap = settings.resolve_kafka_bootstrap()
    frames = FramesPlace(settings.frames_url, settings.frames_endpoint).open(settings.state)
    found: dict[Position, bytes] = {}
    with FramesTopic(bootstrap or "") as topic:
        pictures = Pictures(asked.source, frames, KeptIndex(store), topic if bootstrap else None)
        for some in load_frames_at(store, asked.window, [each.position for each in changed]):
            found.update({each.frame.position: each.jpeg for each in pictures.read(some) if each.jpeg})
    return changed, found


def _run_here(opened: Replayer, parts: Sequence[Part]) -> Iterator[Tally]:
    """The local engine: one inference thread in this process."""
    with opened as replayer:
        yield from replayer.replay(parts)


@contextmanager
def hold_pictures(asked: Asked, store: PredictionStore) -> Iterator[None]:
    """The retention leaves the window's kept frames alone until the end of the block."""
    if asked.source == "topic":
        yield
        return
    settings, window = asked.settings, asked.window
    frames = FramesPlace(settings.frames_url, settings.frames_endpoint).open(settings.state)
    camera = window.cameras[0] if len(window.cameras) == 1 else None
    kept = Window(camera, window.captured_from, window.captured_to)
    with lease_frames(frames, KeptIndex(store), kept) as leased:
        ended = threading.Event()

        def renew() -> None:
            while not ended.wait(LEASE_SECONDS / 3):
                with suppress(StoreError):  # a lease lasts for three of these pauses: the next one may be in time
                    leased.renew()

        thread = threading.Thread(target=renew, name="renewing the lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


def _open_engine(asked: Asked, engine: EngineName) -> Engine:
    """A version that cannot be loaded is refused here, before anything is written down."""
    if engine == "local":
        return partial(_run_here, Replayer.open(asked))
    from stream.time_travel.ray_engine import open_ray

    return open_ray(asked)


def _say_what(earlier: ReplayJob | None, asked: Asked, frames: int, say: Say) -> None:
    words = f"{frames:,} frames of {asked.window.classifier}, asked of version {asked.version}"
    if earlier is None or earlier.state == "done":
        say(words)
        return
    how = {"running": "was ended", "stopped": "was stopped"}.get(earlier.state, "failed")
    say(f"{words}: goes on with the replay that {how} at {earlier.updated_at:%Y-%m-%d %H:%M:%S} after {earlier.done:,}")


def _require_pictures(tally: Tally, finished: bool) -> None:
    """Raises StoreError when not one frame can be answered."""
    if finished and tally.answered + tally.before == 0:
        raise StoreError(
            f"Expected pictures of {tally.frames:,} frames, found none that can be answered: "
            f"{tell_gone(tally.missing)}. Keep more of them with `keep` in cameras.yaml."
        )
