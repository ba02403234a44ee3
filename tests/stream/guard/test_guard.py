from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from pipelines.errors import RegistryError
from pipelines.guard_params import GuardParams
from pipelines.lookup.facts import RegisteredVersion
from stream.guard.rolling_back import RollbackAnswer
from stream.guard.watches import LEASE_SECONDS, Plan, Watches, read_verdicts, read_watches
from stream.store import PredictionStore
from stream.tables import guard_verdicts
from stream.worker.inferring import BrokenModelError
from tests.stream.guard.stand import DARK, VARIED, Aliases, SometimesFails, Stand, load
from tests.stream.models.place import Place, look


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    """Version 1 serves, and may be gone back to."""
    place, store = Place(tmp_path), PredictionStore(f"sqlite:///{tmp_path / 'vigia.db'}")
    store.migrate()
    stand = Stand(place, store, place.watcher(load))
    stand.serve(1)
    return stand


def test_a_good_version_is_left_alone(stand: Stand) -> None:
    guard = stand.guard()
    stand.serve(4)

    stand.live(guard, 30)

    assert (stand.orders, stand.events) == ([], [])
    assert guard.describe()["cars"]["version"] == 4


def test_one_class_only_is_rolled_back_once_with_the_figures(stand: Stand) -> None:
    guard, other = stand.guard("a"), stand.guard("b")
    stand.live(guard, 5)
    stand.serve(2)

    for _ in range(20):
        stand.live(guard, 1)
        stand.live(other, 1)

    assert [(order.version, order.to) for order in stand.orders] == [(2, 1)]
    assert stand.events == [("rolled_back", 2, 1)]
    (verdict,) = read_verdicts(stand.store, "cars")
    assert verdict["outcome"] == "rolled_back"
    assert {figure["rule"] for figure in verdict["figures"]} >= {"errors", "unknown", "labels"}
    assert "light" in verdict["words"]
    assert "the version before says dark" in verdict["words"]


def test_a_scene_of_one_class_is_no_fault(stand: Stand) -> None:
    guard = stand.guard()
    stand.serve(4)

    stand.live(guard, 60, DARK)

    told = guard.describe()["cars"]
    assert (stand.orders, stand.events) == ([], [])
    assert told["figures"]["labels"]["alarm"]
    assert told["found"]["labels"].endswith("it is the scene")


def test_what_the_scene_explained_is_not_said_again_when_the_probation_ends(stand: Stand) -> None:
    stand.limits = GuardParams(probation_minutes=0.5)
    guard = stand.guard()
    stand.serve(4)

    stand.live(guard, 200, DARK)

    assert (stand.orders, stand.events) == ([], [])


def test_with_warn_only_it_is_said_once_and_nothing_moves(stand: Stand) -> None:
    stand.limits = GuardParams(mode="warn")
    guards = stand.guard("a"), stand.guard("b")
    stand.serve(2)

    for _ in range(40):
        for guard in guards:
            stand.live(guard, 1)

    assert (stand.orders, stand.events) == ([], [("warned", None, 2)])


def test_switched_off_nobody_looks(stand: Stand) -> None:
    stand.limits = GuardParams(mode="off")
    guard = stand.guard()
    stand.serve(2)

    stand.live(guard, 20)

    assert (stand.orders, stand.events, read_verdicts(stand.store)) == ([], [], [])
    assert guard.describe() == {}


def test_a_version_that_serves_since_long_is_warned_about_also_by_a_worker_that_starts_anew(stand: Stand) -> None:
    stand.limits = GuardParams(probation_minutes=0.5, min_frames=200)
    guard = stand.guard()
    stand.serve(2)
    stand.live(guard, 10)
    stand.now += 60
    stand.limits = replace_params(stand.limits, min_frames=40)

    stand.live(guard, 20)

    assert (stand.orders, stand.events) == ([], [("warned", None, 2)])


def replace_params(params: GuardParams, **changes: Any) -> GuardParams:
    return GuardParams(**{**params.model_dump(), **changes})


def test_without_a_version_before_it_is_a_warning(stand: Stand) -> None:
    guard = stand.guard()
    stand.live(guard, 20, DARK)

    assert (stand.orders, stand.events) == ([], [("warned", None, 1)])
    assert "no version before" in guard.describe()["cars"]["found"]["labels"]


def test_a_version_that_is_about_to_be_replaced_is_neither_warned_about_nor_rolled_back(stand: Stand) -> None:
    guard = stand.guard()
    stand.serve(2)
    stand.live(guard, 2)
    stand.place.registry.promote(cars=4)  # which still loads

    stand.live(guard, 40)

    assert (stand.orders, stand.events, read_verdicts(stand.store)) == ([], [], [])


def test_after_a_restart_the_version_before_is_loaded_to_be_asked(stand: Stand, tmp_path: Path) -> None:
    stand.serve(2)
    stand.place.registry = Aliases(tmp_path / "registry.json")
    stand.watcher = stand.place.watcher(load)
    look(stand.watcher)
    assert stand.watcher.loaded("cars").spare is None
    guard = stand.guard()

    for _ in range(20):
        stand.live(guard, 1)
        stand.watcher.settle()

    assert [(order.version, order.to) for order in stand.orders] == [(2, 1)]


def test_a_registry_that_does_not_answer_is_asked_again(stand: Stand) -> None:
    stand.answers.extend([RegistryError("Expected an answer."), RegistryError("Expected an answer.")])
    guard = stand.guard()
    stand.serve(2)

    stand.live(guard, 25)

    assert len(stand.orders) == 3
    assert stand.events == [("rolled_back", 2, 1)]


def test_a_rollback_that_was_cut_off_after_it_moved_the_alias_is_written_down_all_the_same(stand: Stand) -> None:
    stand.answers.append(RegistryError("Expected an answer."))
    guard = stand.guard()
    stand.serve(2)
    while not stand.orders:
        stand.live(guard, 1)
    stand.serve(1)

    stand.live(guard, 5)

    assert [(order.version, order.to) for order in stand.orders] == [(2, 1), (2, 1)]
    assert stand.events == [("rolled_back", 2, 1)]


@pytest.mark.parametrize(("outcome", "events"), [("overtaken", []), ("no_previous", [("warned", None, 2)])])
def test_what_came_of_it_is_written_down_once(stand: Stand, outcome: Any, events: list[Any]) -> None:
    stand.answers.append(RollbackAnswer(outcome, 2, "words"))
    guard = stand.guard()
    stand.serve(2)

    stand.live(guard, 40)

    assert len(stand.orders) == 1
    assert stand.events == events


def test_one_that_somebody_let_serve_again_is_only_warned_about(stand: Stand) -> None:
    guard = stand.guard()
    stand.serve(2)
    versions = stand.watcher.loaded("cars")
    assert versions.served
    tagged = replace(versions.served.version, tags={**versions.served.version.tags, "vigia.guard": "red 60 of 60"})
    stand.watcher._held.keep("cars", replace(versions, served=replace(versions.served, version=tagged)))

    stand.live(guard, 20)

    assert (stand.orders, stand.events) == ([], [("warned", None, 2)])


def test_frames_that_the_version_before_answers_are_the_new_ones_errors(stand: Stand) -> None:
    stand.limits = GuardParams(min_frames=20)
    guard = stand.guard()
    stand.serve(4)
    model: Any = stand.watcher.serving["cars"]
    model.__class__ = SometimesFails

    stand.live(guard, 12)

    assert [(order.version, order.to) for order in stand.orders] == [(4, 1)]
    assert "frames could not be answered" in stand.orders[0].why


def test_a_version_that_answers_nothing_any_more_is_rolled_back_before_its_worker_ends(stand: Stand) -> None:
    guard = stand.guard()
    stand.serve(3)
    frames = stand.frames(VARIED)

    with pytest.raises(BrokenModelError) as broken:
        stand.reader.read(frames, stand.watcher.serving, {})
    guard.condemn(broken.value, frames)

    assert [(order.version, order.to) for order in stand.orders] == [(3, 1)]
    assert stand.events == [("rolled_back", 3, 1)]


def test_nothing_is_told_of_a_version_that_serves_no_more_though_no_frame_came_since(stand: Stand) -> None:
    guard = stand.guard()
    stand.serve(2)
    stand.live(guard, 2)
    stand.serve(1)

    assert guard.describe() == {}


def test_a_version_that_lost_the_alias_and_answers_until_the_next_is_loaded_does_not_go_live_anew(
    stand: Stand,
) -> None:
    quick, late = stand.guard("a"), stand.guard("b")
    stand.live(quick, 2)
    Watches(stand.store, "a").open("cars", 2, 1)
    stand.place.registry.promote(cars=2)

    stand.live(late, 2)
    look(stand.watcher)
    stand.live(late, 2)

    assert [(each["version"], each["activation"]) for each in read_watches(stand.store)] == [(2, 2)]


def test_one_classifier_whose_look_fails_keeps_no_other_from_its_own(stand: Stand) -> None:
    stand.place.registry.promote(simpsons=1)
    look(stand.watcher)
    guard = stand.guard()
    ask = stand.watcher.still_wanted

    def fail_for_cars(wanted: RegisteredVersion) -> bool:
        if wanted.classifier == "cars":
            raise RuntimeError("what nobody foresaw")
        return ask(wanted)

    stand.watcher.still_wanted = fail_for_cars  # type: ignore[method-assign]
    stand.live(guard, 2)

    assert [each["classifier"] for each in read_watches(stand.store)] == ["simpsons"]


def test_a_machine_that_is_broken_condemns_nobody(stand: Stand) -> None:
    guard = stand.guard()
    stand.serve(3)
    spare = stand.watcher.loaded("cars").spare
    assert spare
    spare.classifier.always_fails = True  # type: ignore[attr-defined]
    frames = stand.frames(VARIED)

    guard.condemn(BrokenModelError("broken", "cars", 3), frames)

    assert (stand.orders, stand.events) == ([], [])


def test_one_that_died_while_it_rolled_back_is_taken_over_by_a_worker_that_serves_another_version(
    stand: Stand,
) -> None:
    dead = Watches(stand.store, "dead")
    assert dead.claim(dead.open("cars", 2, 1), "rollback", Plan("red 60 of 60", to=1))
    guard = stand.guard()

    stand.live(guard, 40)
    assert (stand.orders, stand.events) == ([], [])
    (claimed,) = read_verdicts(stand.store)
    ended = claimed["lease_until"] - timedelta(seconds=LEASE_SECONDS + 1)
    stand.store.write(lambda connection: connection.execute(update(guard_verdicts).values(lease_until=ended)))
    stand.live(guard, 100)

    assert [(order.version, order.to, order.why) for order in stand.orders] == [(2, 1, "red 60 of 60")]
    assert stand.events == [("rolled_back", 2, 1)]
