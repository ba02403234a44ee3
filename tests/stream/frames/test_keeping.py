import threading
from pathlib import Path

import pytest

from stream.frames.config import Keep, KeepPolicy
from stream.frames.keeping import FramesPlace, name_owner, start_keeping
from stream.store import PredictionStore
from stream.store_engine import build_engine
from tests.stream.frames.places import make_place
from tests.stream.frames.test_keeper import outcome_of
from tests.stream.worker.test_batches import frame
from tests.waiting import wait_until

EVERY = KeepPolicy(Keep(sample=1.0))


@pytest.mark.parametrize("named", [False, True])
def test_frames_are_kept_below_the_home_unless_an_address_is_given(tmp_path: Path, named: bool) -> None:
    place = FramesPlace(str(tmp_path / "disk")) if named else FramesPlace()
    keeper = start_keeping(place, tmp_path, make_place(tmp_path).index.database, lambda: EVERY)

    keeper.offer(outcome_of(frame()))

    wait_until(lambda: keeper.counts().kept, timeout_seconds=60, what="a kept frame")
    keeper.close(60)
    assert len(list((tmp_path / ("disk" if named else "kept")).rglob("*.jpg"))) == 1


def test_an_address_that_belongs_to_another_prediction_store_is_not_used(tmp_path: Path) -> None:
    database, place = make_place(tmp_path).index.database, FramesPlace(str(tmp_path / "disk"))
    place.open(tmp_path).claim("another:/vigia.db")
    keeper = start_keeping(place, tmp_path, database, lambda: EVERY)
    try:
        keeper.offer(outcome_of(frame()))
        wait_until(lambda: "another:/vigia.db" in keeper._failing, timeout_seconds=60, what="a refusal")
        assert keeper.counts().kept == 0
    finally:
        keeper.close(0.1)


def test_a_keeper_that_is_closed_leaves_no_thread_behind(tmp_path: Path) -> None:
    before = set(threading.enumerate())

    def running() -> set[str]:
        return {each.name for each in set(threading.enumerate()) - before}

    keeper = start_keeping(FramesPlace(), tmp_path, make_place(tmp_path).index.database, lambda: EVERY)
    assert running() == {"keeper", "retention"}
    keeper.close(60)
    wait_until(lambda: not running(), timeout_seconds=60, what="the end of both threads")


def test_an_owner_is_named_without_its_password(tmp_path: Path) -> None:
    owner = name_owner(build_engine("postgresql://ana:secret@db.example.org/vigia"))

    assert owner == "db.example.org:5432/vigia"
    assert name_owner(PredictionStore(f"sqlite:///{tmp_path / 'v.db'}").engine).endswith(f":{tmp_path / 'v.db'}")
