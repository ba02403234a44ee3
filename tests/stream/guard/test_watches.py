from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from stream.guard.rules import Figure
from stream.guard.watches import LEASE_SECONDS, Claim, Plan, Watch, Watches, read_verdicts, read_watches
from stream.store import ModelEvent, PredictionStore
from stream.tables import guard_verdicts, guard_watches, model_events
from tests.stream.fakes import NOON
from tests.stream.postgres import Postgres, why_not

PLAN = Plan("red 60 of 60", (Figure("labels", 1.0, 0.5, "red 60 of 60"),), to=1)
EVENT = ModelEvent(NOON, "a", "cars", 2, 1, "rolled_back", "why")


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    if reason := why_not():
        pytest.skip(reason)
    with Postgres() as server:
        PredictionStore(server.url).migrate()
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.integration)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PredictionStore]:
    if request.param == "sqlite":
        made = PredictionStore(f"sqlite:///{tmp_path / 'vigia.db'}")
        made.migrate()
    else:
        made = PredictionStore(request.getfixturevalue("server").url)
    yield made
    with made.engine.begin() as connection:
        for table in (guard_watches, guard_verdicts, model_events):
            connection.execute(table.delete())
    made.engine.dispose()


def age(store: PredictionStore, seconds: float) -> None:
    """Everything happened so much earlier."""
    earlier = timedelta(seconds=seconds)

    def write(connection: object) -> None:
        for table, names in ((guard_watches, ["opened_at"]), (guard_verdicts, ["lease_until", "done_at"])):
            for row in connection.execute(select(table)).all():  # type: ignore[attr-defined]
                moved = {name: getattr(row, name) - earlier for name in names if getattr(row, name)}
                key = [column == getattr(row, column.name) for column in table.primary_key.columns]
                connection.execute(update(table).where(*key).values(moved))  # type: ignore[attr-defined]

    store.write(write)


def events(store: PredictionStore) -> list[str]:
    return [row.event for row in store.read(select(model_events))]


def test_a_version_that_goes_live_is_watched_by_all_workers_as_one(store: PredictionStore) -> None:
    first, second = Watches(store, "a"), Watches(store, "b")

    opened, joined = first.open("cars", 1, None), second.open("cars", 1, None)
    age(store, 100)

    assert (opened.activation, opened.age_seconds) == (1, 0)
    assert joined.activation == 1
    # a start of a worker begins no probation
    assert 99 <= Watches(store, "c").open("cars", 1, None).age_seconds <= 130


def test_a_version_that_comes_back_is_new_again(store: PredictionStore) -> None:
    watches = Watches(store, "a")

    numbers = [watches.open("cars", version, None).activation for version in (1, 2, 2, 1)]

    assert numbers == [1, 2, 2, 3]
    assert watches.open("dogs", 1, None).activation == 1
    assert [(row["classifier"], row["version"]) for row in read_watches(store)] == [("cars", 1), ("dogs", 1)]
    assert [row["activation"] for row in read_watches(store, "cars")] == [3]


def test_of_many_workers_at_once_all_watch_the_same_and_one_acts(store: PredictionStore) -> None:
    def race(number: int) -> tuple[Watch, Claim | None]:
        watches = Watches(store, f"worker-{number}")
        watch = watches.open("cars", 7, None)
        return watch, watches.claim(watch, "rollback", PLAN)

    with ThreadPoolExecutor(8) as pool:
        raced = list(pool.map(race, range(8)))

    assert {watch.activation for watch, _ in raced} == {1}
    assert sum(claim is not None for _, claim in raced) == 1


def test_a_rollback_that_was_done_is_never_claimed_again(store: PredictionStore) -> None:
    watches = Watches(store, "a")
    watch = watches.open("cars", 2, 1)
    claim = watches.claim(watch, "rollback", PLAN)
    assert claim

    assert watches.finish(claim, "rolled_back", "why", EVENT)
    assert not watches.finish(claim, "rolled_back", "why", EVENT)
    age(store, 10 * 86400)

    assert watches.claim(watch, "rollback", PLAN) is None
    assert events(store) == ["rolled_back"]


def test_one_that_died_midway_is_taken_over_after_its_lease_and_writes_nothing_any_more(
    store: PredictionStore,
) -> None:
    frozen, other = Watches(store, "frozen"), Watches(store, "other")
    watch = frozen.open("cars", 2, 1)
    lost = frozen.claim(watch, "rollback", PLAN)
    assert lost
    assert other.claim(watch, "rollback", PLAN) is None

    age(store, LEASE_SECONDS + 2)
    taken = other.take_over()

    assert taken
    assert (taken.version, taken.plan) == (2, PLAN)
    assert Watches(store, "third").take_over() is None
    assert not frozen.finish(lost, "rolled_back", "late", EVENT)
    assert other.finish(taken, "rolled_back", "why", EVENT)
    assert events(store) == ["rolled_back"]
    assert [(row["outcome"], row["claimed_by"]) for row in read_verdicts(store, "cars")] == [("rolled_back", "other")]


def test_what_came_to_nothing_may_be_tried_again_at_once(store: PredictionStore) -> None:
    watches = Watches(store, "a")
    watch = watches.open("cars", 2, 1)
    claim = watches.claim(watch, "rollback", PLAN)
    assert claim

    watches.release(claim)

    assert watches.take_over(lambda classifier: classifier != "cars") is None
    taken = Watches(store, "b").take_over()
    assert taken
    assert taken.plan == PLAN
    watches.release(taken)
    assert watches.claim(watch, "rollback", PLAN)


def test_a_warning_comes_once_a_day_for_each_rule(store: PredictionStore) -> None:
    watches = Watches(store, "a")
    watch = watches.open("cars", 2, 1)
    for rule in ("labels", "unknown"):
        claim = watches.claim(watch, rule, PLAN)
        assert claim
        watches.finish(claim, "warned", "why", None)
    assert watches.claim(watch, "labels", PLAN) is None

    age(store, 86400 + 2)

    assert watches.claim(watch, "labels", PLAN)
