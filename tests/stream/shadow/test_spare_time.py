import pytest

from stream.shadow import spare_time
from stream.shadow.spare_time import Look, Processors, SpareLimits, SpareTime, count_times, find_reason

CALM = Look(idle=0.5)


@pytest.mark.parametrize(
    ("look", "reason"),
    [
        (CALM, None),
        (Look(idle=None), None),
        (Look(idle=0.05), "the processors are busy: 5% idle"),
        (Look(idle=0.5, behind=True), "production is behind"),
        (Look(idle=None, behind=True), "production is behind"),
    ],
)
def test_a_shadow_rests_when_the_machine_or_production_has_no_time(look: Look, reason: str | None) -> None:
    assert find_reason(look, SpareLimits(), resting=False) == reason


def test_who_rests_goes_on_only_after_several_looks_at_more_time_than_made_it_rest() -> None:
    spare = SpareTime()
    little = Look(idle=0.15)

    decided = [spare.decide(look) is None for look in (CALM, little, Look(idle=0.05), little, CALM, CALM, CALM, little)]

    assert decided == [True, True, False, False, False, False, True, True]


def test_a_busy_look_begins_the_waiting_anew() -> None:
    spare = SpareTime()

    decided = [spare.decide(look) is None for look in (Look(idle=0.0), CALM, CALM, Look(idle=0.0), CALM, CALM, CALM)]

    assert decided == [False] * 6 + [True]


def test_the_time_of_niced_processes_is_spare_and_that_of_guests_is_counted_once() -> None:
    times = {"user": 50.0, "nice": 20.0, "system": 10.0, "idle": 15.0, "iowait": 5.0, "guest": 50.0, "guest_nice": 9.0}

    assert count_times(times) == (40.0, 100.0)


def test_the_processors_are_looked_at_once_a_second_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spare_time, "LOOK_SECONDS", 3600.0)
    processors = Processors()

    assert processors.idle() is None, "one look says nothing of a time between two"
    assert processors.idle() is None
