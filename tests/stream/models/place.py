"""A registry, a folder of copies and the watchers over them."""

from collections.abc import Callable
from pathlib import Path

from stream.messages import Role
from stream.models.copies import Copies
from stream.models.loader import LoadClassifier, Loader
from stream.models.watcher import ModelWatcher
from stream.store import ModelEvent
from tests.stream.fakes import (
    FakeRegistry,
    download_nothing,
    load_fake,
    try_nothing,
)


class Recorder(list[ModelEvent]):
    def summary(self) -> list[tuple[str, int | None, int | None]]:
        return [(event.event, event.from_version, event.to_version) for event in self]


class Place:
    """A registry, a folder of copies, and the watchers that are started over them."""

    def __init__(self, folder: Path) -> None:
        self.registry = FakeRegistry(folder / "registry.json")
        self.copies = Copies(folder / "copies")
        self.events = Recorder()

    def watcher(
        self,
        load: LoadClassifier = load_fake,
        record: Callable[[ModelEvent], None] | None = None,
        spare_seconds: float = 60,
        only: tuple[str, ...] = (),
        role: Role = "production",
    ) -> ModelWatcher:
        loader = Loader(self.copies, download_nothing, try_nothing, load)
        record = record or self.events.append
        return ModelWatcher(
            lambda: self.registry, loader, record, worker="w", only=only, spare_seconds=spare_seconds, role=role
        )


def look(watcher: ModelWatcher) -> None:
    """Poll once, and wait until what was begun is done."""
    watcher.poll()
    watcher.settle()


def served(watcher: ModelWatcher) -> dict[str, int]:
    return {name: classifier.version for name, classifier in watcher.serving.items()}
