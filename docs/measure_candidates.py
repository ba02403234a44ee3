"""Versions that must not serve, under load: `python -m docs.measure_candidates [--fps 100] [--only WORDS] [--quick]`.

A real Kafka, a real MLflow server and the real `vigia worker`. While frames arrive, the alias goes to one spoiled
version after the other and back; at last the registry is killed while a large artefact is fetched from it, and comes
back. The last check takes a network whose trial runs into its deadline of a minute; `--quick` leaves it out.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from sqlalchemy import select

from deploy.health import read_heartbeat
from docs.live_stand import Frames, register, running_worker
from docs.measure_swaps import read_rows
from pipelines.artefact import digest_artefact
from pipelines.registry import Registry, open_registry
from pipelines.settings import Settings
from pipelines.tracking import ensure_experiment, log_model, open_client
from stream.store import PredictionStore
from stream.tables import model_events
from tests.stream.embedded_kafka import EmbeddedKafka
from tests.stream.models.hostile import HOSTILE, SLOW, Hostile, digest_anything, make_hostile
from tests.stream.models.made_artefact import make_artefact
from tests.stream.models.mlflow_server import MlflowServer
from tests.waiting import wait_until

LARGE_BYTES = 256 << 20
FETCHED_BYTES = 8 << 20
"""So much of it has come when the registry is killed."""
HELD_BYTES = 64 << 20
"""After so much of it the registry sends no more: it is killed in the midst of it, however late."""


@dataclass(frozen=True, slots=True)
class Refused:
    """What became of one spoiled version."""

    name: str
    at: str
    """When the alias was moved to it."""
    seconds: float
    """From the move of the alias to the event."""
    reason: str
    expected: bool
    """The event says what is wrong."""
    told: int
    """Events about it."""
    status: str
    """What `vigia status` said of the worker meanwhile."""
    left: tuple[str, ...]
    """Files of it that are still there."""


@dataclass(frozen=True, slots=True)
class CandidatesReport:
    """What came of it; times in seconds."""

    refused: tuple[Refused, ...]
    back_after: float | None
    """From the registry's return to the first answer of the version that was cut off."""
    frames: int
    lost: int
    doubled: int
    strangers: int
    """Rows of a version that was refused."""
    longest_gap: float
    gaps: tuple[tuple[float, str], ...]
    """The five longest between two rows, and which version was tried then or last."""

    @property
    def sound(self) -> bool:
        kept = all(each.expected and each.told == 1 and not each.left and each.status for each in self.refused)
        return kept and not (self.lost or self.doubled or self.strangers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fps", type=float, default=100.0)
    parser.add_argument("--only", default="", help="Spoiled versions with these words in their name.")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    chosen = [each for each in HOSTILE if options.only in each.name and not (options.quick and each.name in SLOW)]
    with tempfile.TemporaryDirectory() as folder:
        report = measure_candidates(Path(folder), chosen, fps=options.fps)
    text = json.dumps({**asdict(report), "sound": report.sound}, indent=1)
    print(text)
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    sys.exit(0 if report.sound else 1)


def measure_candidates(home: Path, chosen: Sequence[Hostile], *, fps: float) -> CandidatesReport:
    """Run it in `home`."""
    server = MlflowServer(home)
    tables = Settings(home=home / "home", mlflow_tracking_uri=server.tables)
    tables.state.mkdir(parents=True)
    sound = register(tables, make_artefact(home / "sound"))
    registry = open_registry(tables)
    registry.point("cars", "production", sound)
    versions = [register_hostile(tables, each, home / "spoiled" / str(n)) for n, each in enumerate(chosen)]
    place = Place(replace_uri(tables, server.uri), PredictionStore(tables.resolve_database_url()), registry, sound)
    try:
        server.start(hold_after_bytes=HELD_BYTES)
        large = register_large(place.settings, tables, home / "large")
        with (
            EmbeddedKafka(home / "kafka") as kafka,
            children_in(place.temporary),
            running_worker(place.settings, kafka.bootstrap),
        ):
            wait_until(lambda: place.beat().get("state") == "serving", timeout_seconds=240, what="a worker that serves")
            frames = Frames(kafka.bootstrap, fps)
            frames.start()
            wait_until(lambda: len(read_rows(place.store)) > fps, timeout_seconds=240, what="rows")
            refused = [place.try_one(hostile, version) for hostile, version in zip(chosen, versions, strict=True)]
            refused.append(place.kill_registry(server, large))
            began = time.monotonic()
            server.start()
            wait_until(lambda: large in place.answering(), timeout_seconds=240, what="the version that was cut off")
            back_after = round(time.monotonic() - began, 1)
            sent = frames.stop()
            wait_until(lambda: len(read_rows(place.store)) >= sent, timeout_seconds=240, what=f"{sent} rows")
    finally:
        server.kill()
    return build_report(refused, back_after, sent, place.store, {sound, large})


def build_report(
    refused: Sequence[Refused], back_after: float, sent: int, store: PredictionStore, good: set[int]
) -> CandidatesReport:
    rows = read_rows(store)
    frames = Counter(row.frame_id for row in rows)
    times = sorted(row.predicted_at for row in rows)
    gaps = sorted(((later - earlier).total_seconds(), later.isoformat()) for earlier, later in pairwise(times))[::-1]
    return CandidatesReport(
        refused=tuple(refused),
        back_after=back_after,
        frames=sent,
        lost=sent - len(frames),
        doubled=sum(count > 1 for count in frames.values()),
        strangers=sum(row.model_version not in good for row in rows),
        longest_gap=round(gaps[0][0], 3),
        gaps=tuple((round(gap, 3), say_tried(refused, ended)) for gap, ended in gaps[:5]),
    )


def say_tried(refused: Sequence[Refused], at: str) -> str:
    return next((each.name for each in reversed(refused) if each.at < at), "none yet")


@dataclass(frozen=True, slots=True)
class Place:
    """The worker as one sees it from outside, and the registry that it asks."""

    settings: Settings
    store: PredictionStore
    registry: Registry
    """By the tables: it can be moved while no server runs."""
    sound: int

    def try_one(self, hostile: Hostile, version: int) -> Refused:
        """Move the alias to the version, wait until it is refused, and move it back."""
        refused = self.await_refusal(hostile.name, version, hostile.reason)
        self.registry.point("cars", "production", self.sound)
        wait_until(lambda: not self.beat()["models"]["cars"]["refused"], timeout_seconds=120, what="the sound version")
        return replace(refused, left=self.left(version), told=len(self.events(version)))

    def kill_registry(self, server: "MlflowServer", version: int) -> Refused:
        """While an artefact comes from it."""

        def cut() -> None:
            wait_until(lambda: self.fetched() > FETCHED_BYTES, timeout_seconds=120, what="a part of the artefact")
            server.kill()

        refused = self.await_refusal("the registry dies while an artefact comes", version, "", meanwhile=cut)
        return replace(refused, left=self.left(version), told=len(self.events(version)))

    def await_refusal(
        self, name: str, version: int, reason: str, *, meanwhile: Callable[[], None] = lambda: None
    ) -> Refused:
        self.registry.point("cars", "production", version)
        began, at = time.monotonic(), datetime.now(UTC).isoformat()
        meanwhile()
        wait_until(lambda: bool(self.events(version)), timeout_seconds=240, what=f"the refusal of {name}")
        seconds = round(time.monotonic() - began, 2)
        status = wait_until(lambda: self.word_of(version), timeout_seconds=120, what="a word of it")
        detail = self.events(version)[0].detail or ""
        return Refused(name, at, seconds, detail, reason in detail, 0, status, ())

    def events(self, version: int) -> Sequence[Any]:
        table = model_events.c
        return self.store.read(select(model_events).where(table.to_version == version, table.event == "refused"))

    def answering(self) -> set[int]:
        return {row.model_version for row in read_rows(self.store)}

    def beat(self) -> dict[str, Any]:
        file = self.settings.state / "workers" / "1.json"
        return dict(json.loads(file.read_text())) if file.exists() else {}

    def word_of(self, version: int) -> str:
        """What `vigia status` says of the worker while it says that the version was refused."""
        said = read_heartbeat(self.settings.state / "workers" / "1.json", since=0, now=time.time()).detail
        return said if f"version {version} refused" in said else ""

    def left(self, version: int) -> tuple[str, ...]:
        """Files of the version that stay: it is tried again and again, and a try that goes on has some."""
        with suppress(AssertionError):
            wait_until(lambda: not self.lying_about(version), timeout_seconds=60, what="nothing of it")
        return self.lying_about(version)

    def lying_about(self, version: int) -> tuple[str, ...]:
        """Copies of the version, what was half copied, and folders of children."""
        copies = self.settings.state / "workers" / "models-1" / "cars"
        found = [*copies.glob(f"{version}"), *copies.glob(".partial-*"), *self.temporary.glob("*")]
        return tuple(path.name for path in found)

    @property
    def temporary(self) -> Path:
        return self.settings.state / "tmp"

    def fetched(self) -> int:
        files = (self.settings.state / "workers" / "models-1" / "cars").glob(".partial-*/**/*")
        return sum(size_of(file) for file in files)


def size_of(file: Path) -> int:
    """0 for a folder, or for what has gone meanwhile."""
    try:
        return file.stat().st_size if file.is_file() else 0
    except FileNotFoundError:
        return 0


def replace_uri(settings: Settings, uri: str) -> Settings:
    return settings.model_copy(update={"mlflow_tracking_uri": uri})


def register_hostile(settings: Settings, hostile: Hostile, folder: Path) -> int:
    """As somebody would by hand: no check, any tag."""
    make_hostile(hostile, folder)
    digest = hostile.digest(digest_anything(folder))
    hostile.after(folder)
    return create_version(settings, folder.as_uri(), digest)


def register_large(settings: Settings, tables: Settings, folder: Path) -> int:
    """An artefact that is fetched from the server; the version is written by hand, as the spoiled ones are."""
    make_artefact(folder, sharpness=2.0)
    (folder / "data").mkdir()
    with (folder / "data" / "model.keras").open("wb") as stream:
        stream.truncate(LARGE_BYTES)
    client, digest = open_client(settings), digest_artefact(folder)
    run_id = client.create_run(ensure_experiment(client, settings, "large")).info.run_id
    return create_version(tables, f"models:/{log_model(client, run_id, folder, digest)}", digest)


def create_version(settings: Settings, source: str, digest: str | None) -> int:
    tags = {"vigia.sha256": digest} if digest else {}
    return int(open_client(settings).create_model_version("cars", source, tags=tags).version)


@contextmanager
def children_in(folder: Path) -> Iterator[None]:
    """Temporary files of the processes that are started meanwhile lie in `folder`."""
    folder.mkdir(parents=True)
    before = os.environ.get("TMPDIR")
    os.environ["TMPDIR"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["TMPDIR"]
        else:
            os.environ["TMPDIR"] = before


if __name__ == "__main__":
    main()
