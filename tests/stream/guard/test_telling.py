import json
import os
import time
from pathlib import Path

import pytest

from pipelines.errors import WorkspaceError
from stream.guard.commands import print_classifier
from stream.guard.telling import describe_guard
from stream.guard.watches import Plan, Watches
from stream.store import PredictionStore

SEEN = {"version": 2, "figures": {"labels": {"value": 1.0, "limit": 0.5, "words": "red 60 of 60", "alarm": True}}}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "params.yaml").write_text(json.dumps({"classifiers": {"cars": {"guard": {"mode": "warn"}}}}))
    (tmp_path / "workers").mkdir()
    return tmp_path


@pytest.fixture
def store(place: Path) -> PredictionStore:
    return PredictionStore(f"sqlite:///{place / 'vigia.db'}")


def beat(place: Path, slot: int, version: int = 2) -> Path:
    file = place / "workers" / f"{slot}.json"
    file.write_text(json.dumps({"guard": {"cars": {**SEEN, "version": version, "found": {"labels": "why"}}}}))
    ahead = time.time() + 3600  # it lives, however slow the test is
    os.utime(file, (ahead, ahead))
    return file


def test_without_a_store_nothing_is_watched(place: Path, store: PredictionStore) -> None:
    assert describe_guard(store, place, place, None) == {"classifiers": []}


def test_what_workers_see_and_what_was_decided_are_told_together(
    place: Path, store: PredictionStore, capsys: pytest.CaptureFixture[str]
) -> None:
    store.migrate()
    watches = Watches(store, "host/worker-1")
    watch = watches.open("cars", 2, 1)
    claim = watches.claim(watch, "labels", Plan("red 60 of 60"))
    assert claim
    watches.finish(claim, "warned", "red 60 of 60; why", None)
    beat(place, 1)
    beat(place, 2, version=1)  # has not swapped yet
    gone = beat(place, 3)
    os.utime(gone, (time.time() - 60, time.time() - 60))

    (told,) = describe_guard(store, place, place, "cars")["classifiers"]

    assert (told["version"], told["mode"], told["probation_minutes"]) == (2, "warn", 10)
    assert [worker["worker"] for worker in told["workers"]] == ["worker-1"]
    assert [(each["outcome"], each["words"]) for each in told["decisions"]] == [("warned", "red 60 of 60; why")]
    print_classifier(told)
    printed = capsys.readouterr().out
    assert "ALARM red 60 of 60; why" in printed
    assert "version 2 warned: red 60 of 60; why" in printed


def test_a_classifier_that_does_not_serve_is_refused_with_those_that_do(place: Path, store: PredictionStore) -> None:
    store.migrate()
    Watches(store, "w").open("cars", 2, 1)

    with pytest.raises(WorkspaceError, match=r"serves \(cars\), received 'dogs'"):
        describe_guard(store, place, place, "dogs")
