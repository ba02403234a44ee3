"""A suspicion that holds, and ends, only after several looks in a row."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from stream.guard.rules import Figure, Rule

LOWER: Final = 0.7
"""An alarm ends below this share of its limit."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """Of one rule."""

    raised: bool = False
    looks: int = 0
    """In a row that speak for the other state."""


Alarms = Mapping[Rule, Alarm]


def look_again(alarm: Alarm, of_limit: float, looks: int) -> Alarm:
    """After one more look; between the two bounds nothing changes and the count begins anew."""
    against = of_limit < LOWER if alarm.raised else of_limit > 1
    if not against:
        return Alarm(alarm.raised)
    if alarm.looks + 1 >= looks:
        return Alarm(not alarm.raised)
    return Alarm(alarm.raised, alarm.looks + 1)


def step(alarms: Alarms, figures: tuple[Figure, ...], looks: int) -> dict[Rule, Alarm]:
    """Rules without a figure stay as they were: too few frames say nothing."""
    changed = dict(alarms)
    for figure in figures:
        changed[figure.rule] = look_again(changed.get(figure.rule, Alarm()), figure.of_limit, looks)
    return changed
