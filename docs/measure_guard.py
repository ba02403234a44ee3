"""A version that fails live: `python -m docs.measure_guard [--fps 20] [--quiet-seconds 20] [--out FILE]`.

A real Kafka, a real MLflow registry and two real `vigia worker`. Three versions go live one after the other: one that
answers one class only, a good one while the cameras show one class, and again a bad one while params.yaml says `warn`.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image as PillowImage
from sqlalchemy import func, select

from docs.live_stand import ROOT, Frames, register
from pipelines.promotion.log_book import LogBook
from pipelines.registry import Registry, open_registry, promote
from pipelines.settings import Settings
from stream.store import PredictionStore
from stream.tables import model_events, predictions
from tests.stream.embedded_kafka import EmbeddedKafka
from tests.stream.models.made_artefact import make_artefact
from tests.waiting import wait_until

COLOURS = ((210, 40, 40), (40, 210, 40), (40, 40, 210))


@dataclass(frozen=True, slots=True)
class GuardReport:
    """What came of it; times in seconds."""

    seconds_from_alias: float
    """From the alias moved to the bad version until it was back."""
    seconds_from_first_answer: float
    rolled_back_events: int
    rollbacks_in_log_book: int
    production_after: int | None
    tagged: bool
    """Whether the version says why in the registry."""
    one_class_scene_events: dict[str, int]
    """Rolled back or warned while a good version saw one class only."""
    warn_mode_events: dict[str, int]
    warn_mode_production_kept: bool
    frames: int
    lost: int
    doubled: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fps", type=float, default=20.0)
    parser.add_argument("--quiet-seconds", type=float, default=20.0, help="To wait for what must not happen.")
    parser.add_argument("--keep", type=Path, help="A folder for everything, instead of one that is removed.")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = measure_guard(options.keep or Path(folder), fps=options.fps, quiet_seconds=options.quiet_seconds)
    text = json.dumps(asdict(report), indent=1)
    print(text)
    if options.out:
        options.out.write_text(text, encoding="utf-8")


def measure_guard(home: Path, *, fps: float, quiet_seconds: float) -> GuardReport:
    """Run it in `home`."""
    made = {1: (1.0, 0.0), 2: (1.0, 50.0), 3: (2.0, 0.0), 4: (2.0, 50.0)}
    artefacts = [make_artefact(home / f"made-{n}", sharpness=s, bias=b) for n, (s, b) in made.items()]
    settings = Settings(home=home / "home", mlflow_tracking_uri=f"sqlite:///{home / 'mlflow.db'}")
    settings.state.mkdir(parents=True)
    good, bad, better, worse = (register(settings, artefact) for artefact in artefacts)
    registry, store = open_registry(settings), PredictionStore(settings.resolve_database_url())
    workspace = Workspace(home / "workspace")
    promote(registry, "cars", good)
    with EmbeddedKafka(home / "kafka") as kafka, running_workers(settings, workspace, kafka.bootstrap, 2):
        wait_until(lambda: serving(settings) == 2, timeout_seconds=240, what="two workers that serve")
        scene = Scene(kafka.bootstrap, fps)
        scene.start()
        wait_until(lambda: count_rows(store) > fps * 3, timeout_seconds=240, what="rows")
        run = Run(settings, registry, store, quiet_seconds)
        seconds = run.take_back(bad)
        scene.colours = COLOURS[:1]
        quiet = run.let_serve(better)
        scene.colours = COLOURS
        workspace.set_mode("warn")
        warned = run.let_serve(worse, until="warned")
        kept = registry.version_of_alias("cars", "production") == worse
        sent = scene.stop()
        wait_until(lambda: count_rows(store) >= sent, timeout_seconds=240, what=f"{sent} rows")
    frames = Counter(row.frame_id for row in store.read(select(predictions.c.frame_id)))
    return GuardReport(
        **seconds,
        one_class_scene_events=quiet,
        warn_mode_events=warned,
        warn_mode_production_kept=kept,
        tagged="vigia.guard" in registry.version("cars", bad).tags,
        frames=sent,
        lost=sent - len(frames),
        doubled=sum(count > 1 for count in frames.values()),
    )


class Run:
    """Versions go live, and what the guard says of them."""

    def __init__(self, settings: Settings, registry: Registry, store: PredictionStore, quiet_seconds: float) -> None:
        self._settings = settings
        self._registry = registry
        self._store = store
        self._quiet_seconds = quiet_seconds

    def take_back(self, version: int) -> dict[str, Any]:
        """A bad version goes live, and back."""
        before = self._registry.version_of_alias("cars", "production")
        moved_at = datetime.now(UTC)
        promote(self._registry, "cars", version)
        wait_until(
            lambda: self._registry.version_of_alias("cars", "production") == before,
            timeout_seconds=240,
            what=f"version {version} rolled back; {self._settings.state}",
        )
        back_at = datetime.now(UTC)
        wait_until(lambda: self._events()["rolled_back"], timeout_seconds=240, what="the event of the rollback")
        self.wait()  # for a second one, which must not come
        first = self._first_answer(version)
        events = self._events()
        decisions = LogBook(self._settings.resolve_database_url()).read("cars")
        return {
            "seconds_from_alias": round((back_at - moved_at).total_seconds(), 2),
            "seconds_from_first_answer": round((back_at - first).total_seconds(), 2),
            "rolled_back_events": events["rolled_back"],
            "rollbacks_in_log_book": sum(each.event == "rolled_back" for each in decisions),
            "production_after": self._registry.version_of_alias("cars", "production"),
        }

    def let_serve(self, version: int, until: str | None = None) -> dict[str, int]:
        """What the guard wrote down of a version that stays."""
        before = self._events()
        promote(self._registry, "cars", version)
        wait_until(lambda: self._first_answer(version), timeout_seconds=240, what=f"answers of version {version}")
        if until:
            wait_until(lambda: (self._events() - before)[until], timeout_seconds=240, what=until)
        self.wait()
        found = self._events() - before
        return {kind: found[kind] for kind in ("rolled_back", "warned")}

    def wait(self) -> None:
        threading.Event().wait(self._quiet_seconds)

    def _events(self) -> Counter[str]:
        return Counter(row.event for row in self._store.read(select(model_events.c.event)))

    def _first_answer(self, version: int) -> Any:
        wanted = select(func.min(predictions.c.predicted_at)).where(predictions.c.model_version == version)
        return self._store.read(wanted)[0][0]


class Workspace:
    """A folder with a params.yaml that changes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.set_mode("rollback")

    def set_mode(self, mode: str) -> None:
        (self.folder / "params.yaml").write_text(
            json.dumps({"classifiers": {"cars": {"guard": {"mode": mode}}}}), encoding="utf-8"
        )


@contextmanager
def running_workers(settings: Settings, workspace: Workspace, bootstrap: str, number: int) -> Iterator[None]:
    """The real command, so many times; ended afterwards."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "VIGIA_HOME": str(settings.state),
        "VIGIA_KAFKA_BOOTSTRAP": bootstrap,
        "MLFLOW_TRACKING_URI": settings.resolve_tracking_uri(),
    }
    with ExitStack() as stack:
        for slot in range(1, number + 1):
            log = stack.enter_context((settings.state / f"worker-{slot}.log").open("ab"))
            command = [sys.executable, "-m", "vigia", "worker"]
            process = subprocess.Popen(
                command,
                cwd=workspace.folder,
                env={**environment, "VIGIA_WORKER_SLOT": str(slot)},
                stdout=log,
                stderr=log,
            )
            stack.callback(process.wait, 90)
            stack.callback(process.terminate)
        yield


class Scene(Frames):
    """Plain pictures of some colours instead."""

    def __init__(self, bootstrap: str, fps: float) -> None:
        super().__init__(bootstrap, fps)
        self.colours: Sequence[tuple[int, int, int]] = COLOURS

    def picture(self, number: int) -> bytes:
        return paint(self.colours[number // 8 % len(self.colours)])


def paint(colour: tuple[int, int, int]) -> bytes:
    """A JPEG of one colour."""
    output = BytesIO()
    PillowImage.new("RGB", (64, 64), colour).save(output, "JPEG", quality=95)
    return output.getvalue()


def serving(settings: Settings) -> int:
    files = (settings.state / "workers").glob("*.json")
    return sum(json.loads(file.read_text()).get("state") == "serving" for file in files)


def count_rows(store: PredictionStore) -> int:
    rows = store.read(select(func.count()).select_from(predictions))
    return int(rows[0][0]) if rows else 0


if __name__ == "__main__":
    main()
