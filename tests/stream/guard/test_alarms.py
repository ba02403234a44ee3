from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from stream.guard.alarms import LOWER, Alarm, look_again, step
from stream.guard.rules import Figure


def after(values: list[float], looks: int = 3) -> Alarm:
    alarm = Alarm()
    for value in values:
        alarm = look_again(alarm, value, looks)
    return alarm


def test_it_takes_some_looks_in_a_row_to_raise_an_alarm_and_to_end_it() -> None:
    assert not after([2, 2]).raised
    assert not after([2, 2, 0.9, 2, 2]).raised
    assert after([2, 2, 2]).raised
    assert after([2, 2, 2, 0.1, 0.1]).raised
    assert not after([2, 2, 2, 0.1, 0.1, 0.1]).raised


def test_between_the_bounds_an_alarm_stays_what_it_was() -> None:
    between = (1 + LOWER) / 2

    assert after([2, 2, 2, *[between] * 50]).raised
    assert not after([between] * 50).raised


@given(st.lists(st.floats(0, 3), max_size=60), st.integers(1, 6))
def test_an_alarm_never_changes_twice_within_its_looks(values: list[float], looks: int) -> None:
    alarm, changes = Alarm(), [-looks]
    for number, value in enumerate(values):
        before, alarm = alarm, look_again(alarm, value, looks)
        if before.raised != alarm.raised:
            changes.append(number)

    assert all(later - earlier >= looks for earlier, later in pairwise(changes))


def test_a_rule_without_a_figure_stays_as_it_was() -> None:
    alarms = step({"labels": Alarm(raised=True)}, (Figure("errors", 1.0, 0.2, ""),), 1)

    assert alarms == {"labels": Alarm(raised=True), "errors": Alarm(raised=True)}
