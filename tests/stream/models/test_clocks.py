"""Two machines whose clocks are days apart."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from stream.models.copies import Copies
from stream.models.loader import Loader
from stream.models.watcher import ModelWatcher
from tests.stream.fakes import BROKEN_VERSION, download_nothing, load_fake, try_nothing
from tests.stream.models.place import Place, look, served


def test_workers_that_disagree_about_the_time_swap_alike(tmp_path: Path) -> None:
    place = Place(tmp_path)
    noon = datetime(2026, 11, 27, 12, tzinfo=UTC)

    def start(name: str, now: datetime) -> ModelWatcher:
        loader = Loader(Copies(tmp_path / name), download_nothing, try_nothing, load_fake)
        return ModelWatcher(lambda: place.registry, loader, place.events.append, worker=name, clock=lambda: now)

    early, late = start("early", noon - timedelta(days=1)), start("late", noon + timedelta(days=1))
    seen = []
    for number in (1, BROKEN_VERSION, 2, 1):
        place.registry.promote(cars=number)
        for watcher in (late, early):
            look(watcher)
        seen.append((served(early), served(late)))

    assert seen == [({"cars": number}, {"cars": number}) for number in (1, 1, 2, 1)]
