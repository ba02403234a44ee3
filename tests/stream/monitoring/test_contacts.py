import pytest

from stream.http import Check
from stream.monitoring.contacts import Contact, say_seconds


@pytest.fixture
def now() -> list[float]:
    return [100.0]


@pytest.fixture
def contact(now: list[float]) -> Contact:
    return Contact("not asked yet", silent_seconds=30, clock=lambda: now[0])


def test_a_part_that_never_answered_says_so(contact: Contact) -> None:
    assert contact.check() == Check(ok=False, reason="not asked yet")


def test_a_part_that_answered_is_well_until_it_is_silent_for_too_long(contact: Contact, now: list[float]) -> None:
    contact.heard()

    now[0] = 129.0
    assert contact.check() == Check(ok=True)
    now[0] = 131.0
    assert contact.check() == Check(ok=False, reason="no answer since 31 s")


def test_a_part_is_away_since_it_was_lost_first_with_the_words_of_the_last_try(
    contact: Contact, now: list[float]
) -> None:
    contact.heard()
    contact.lost("refused")
    now[0] = 112.0
    contact.lost("timed out")

    assert contact.away
    assert contact.check() == Check(ok=False, reason="away since 12 s: timed out")


def test_a_part_that_answers_again_is_well_and_counts_anew(contact: Contact, now: list[float]) -> None:
    contact.lost("refused")
    now[0] = 160.0
    contact.heard()
    assert contact.check().ok

    now[0] = 170.0
    contact.lost("refused")
    now[0] = 173.0
    assert contact.check().reason == "away since 3 s: refused"


@pytest.mark.parametrize(("seconds", "words"), [(12.4, "12 s"), (119, "119 s"), (600, "10 min"), (10_800, "3 h")])
def test_a_duration_is_short_words(seconds: float, words: str) -> None:
    assert say_seconds(seconds) == words
