import gc
import threading
import weakref
from datetime import UTC, datetime

import pytest

from pipelines.lookup.facts import RegisteredVersion
from stream.models import held as module
from stream.models.held import HeldVersions
from stream.models.versions import Loaded, Versions
from tests.stream.fakes import FakeClassifier


class Weighty(FakeClassifier):
    """One that can be watched until it is gone."""


def load(number: int) -> Loaded:
    version = RegisteredVersion("cars", number, "run", {}, (), datetime.now(UTC), "nowhere")
    return Loaded(version, Weighty(version=number), 0.0)


def test_what_is_kept_serves_and_what_is_let_go_does_not() -> None:
    held = HeldVersions()
    held.keep("cars", Versions(served=load(1)))
    before = held.serving

    held.let_go("cars")

    assert before["cars"].version == 1
    assert dict(held.serving) == {}
    assert held.of("cars") == Versions()


def test_a_spare_is_dropped_once_nobody_uses_it_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FREE_SECONDS", 600.0)  # it waits for the user, not for its own deadline
    held = HeldVersions()
    held.keep("cars", Versions(served=load(2), spare=load(1)))
    spare = held.of("cars").spare
    assert spare is not None
    used, gone = [spare.classifier], weakref.ref(spare.classifier)
    del spare
    dropping = threading.Thread(target=held.drop_spare, args=("cars",))

    dropping.start()
    dropping.join(0.1)
    assert dropping.is_alive()
    used.clear()
    gc.collect()
    dropping.join(60)

    assert not dropping.is_alive()
    assert gone() is None


def test_spares_are_freed_after_their_time_unless_their_classifier_is_busy() -> None:
    held = HeldVersions()
    held.keep("cars", Versions(served=load(2), spare=load(1)))

    held.free_spares(0.0, lambda name: True)
    assert held.of("cars").spare is not None
    held.free_spares(1e9, lambda name: False)
    assert held.of("cars").spare is not None
    held.free_spares(0.0, lambda name: False)

    assert held.of("cars").spare is None
