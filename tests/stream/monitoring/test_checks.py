from types import MappingProxyType

import pytest

from pipelines.errors import StoreError
from stream.http import Check
from stream.models.versions import Refusal
from stream.monitoring.checks import WorkerChecks, check_model, check_partitions, check_progress
from stream.monitoring.contacts import Contact
from stream.worker.watchdog import Reading

NONE: MappingProxyType[str, Refusal] = MappingProxyType({})


def standing(unheard: str) -> Contact:
    """One whose clock stands: the machine may need a second for the next line."""
    return Contact(unheard, clock=lambda: 0.0)


def checks_of(probe: list[str] | None = None) -> WorkerChecks:
    """Checks whose store answers unless `probe` holds an error's words."""

    def ask() -> None:
        if probe:
            raise StoreError(probe[0])

    checks = WorkerChecks(probe_store=ask)
    checks.phase, checks.versions, checks.partitions = lambda: "serving", lambda: {"cars": 1}, lambda: [0, 1]
    for contact in (checks.broker, checks.reads, checks.loop):
        contact.heard()
    return checks


def test_a_worker_that_serves_is_healthy_and_ready_and_has_nothing_to_say() -> None:
    checks = checks_of()

    assert set(checks.health().values()) | set(checks.ready().values()) == {Check(ok=True)}


def test_a_worker_that_waits_for_the_broker_is_healthy_and_not_ready() -> None:
    checks = WorkerChecks(probe_store=lambda: None, broker=standing("not reached yet"))
    checks.phase = lambda: "waiting for the broker"
    checks.broker.lost("connection refused")

    assert checks.health() == {"process": Check(ok=True, reason="waiting for the broker")}
    ready = checks.ready()
    assert ready["broker"] == Check(ok=False, reason="away since 0 s: connection refused")
    assert not ready["partitions"].ok


def test_a_store_that_does_not_answer_a_question_is_away_until_it_does() -> None:
    probe = ["no space left"]
    checks = checks_of(probe)

    assert "no space left" in checks.ready()["store"].reason
    assert not checks.ready(probe=False)["store"].ok
    probe.clear()
    assert checks.ready()["store"].ok


def test_a_write_that_is_tried_again_counts_more_than_a_question_that_is_answered() -> None:
    checks = checks_of()
    checks.writes = standing("not written yet")
    checks.writes.lost("OperationalError: database is locked")

    assert checks.ready()["store"] == Check(ok=False, reason="away since 0 s: OperationalError: database is locked")
    checks.writes.heard()
    assert checks.ready()["store"].ok


def test_a_loop_that_stands_still_is_not_healthy() -> None:
    now = [0.0]
    checks = checks_of()
    checks.loop = Contact("not started yet", silent_seconds=15, clock=lambda: now[0])
    checks.loop.heard()
    now[0] = 16.0

    assert checks.health()["loop"] == Check(ok=False, reason="no answer since 16 s")


@pytest.mark.parametrize(("polls", "ok"), [(0, True), (5, True), (6, False)])
def test_frames_that_wait_for_half_of_the_watchdogs_patience_are_no_progress(polls: int, ok: bool) -> None:
    check = check_progress(Reading({0: 400, 1: 12}, polls))

    assert check.ok is ok
    if not ok:
        assert "412 frames wait and none was acknowledged in 6 looks" in check.reason


def test_a_refused_version_is_said_and_the_old_one_goes_on_serving() -> None:
    refusals = {"cars": Refusal(13, 2, retry_at=108.0, words="Expected a network, received rubble.")}

    served, alone = (check_model(versions, refusals, None, 100.0) for versions in ({"cars": 12}, {}))

    assert served == Check(
        ok=True,
        reason="cars version 13 refused 2 times, next try in 8 s: Expected a network, received rubble; "
        "version 12 goes on serving",
    )
    assert not alone.ok
    assert "nothing of it serves" in alone.reason


def test_without_any_model_the_mend_is_said() -> None:
    assert check_model({}, NONE, None, 0.0) == Check(
        ok=False, reason="no production version yet: train one with `vigia train cars`"
    )


def test_a_registry_that_is_away_does_not_make_a_serving_worker_unready() -> None:
    registry = standing("not asked yet")
    registry.lost("ConnectionError: refused")

    check = check_model({"cars": 1}, NONE, registry, 0.0)

    assert check == Check(ok=True, reason="the registry is away since 0 s: ConnectionError: refused")


def test_a_worker_without_a_partition_stands_by() -> None:
    assert check_partitions([]).ok
    assert "stands by" in check_partitions([]).reason
    assert not check_partitions(None).ok
