from dataclasses import replace
from datetime import timedelta

from pipelines.promotion.decisions import make_decision
from stream.tracing.aliases import Parent, decide_held_alias, find_parents
from tests.stream.fakes import NOON
from tests.stream.tracing.test_traces import ANSWER, LOADED, PROMOTED

REFUSED = replace(make_decision("cars", 3, "refused", before=2, after=2), at=NOON - timedelta(minutes=2))
NEXT = replace(make_decision("cars", 4, "promoted", before=2, after=4), at=NOON + timedelta(hours=2))
ROLLED_BACK = replace(
    make_decision("cars", 2, "rolled_back", before=2, after=1, by="ana@desk"), at=NOON - timedelta(seconds=2)
)


def test_the_alias_of_then_comes_from_the_worker_that_answered() -> None:
    other_worker = replace(LOADED, worker="there/worker-2", to_version=9)
    next_one = replace(LOADED, at=NOON + timedelta(hours=1), from_version=2, to_version=3)
    refused = replace(LOADED, at=NOON - timedelta(minutes=1), to_version=8, event="refused")

    held = decide_held_alias(ANSWER, [LOADED, other_worker, refused, next_one], [])

    assert (held.alias, held.since, held.until) == ("production", LOADED.at, next_one.at)
    assert "swapped version 2" in held.known_from


def test_without_a_worker_that_wrote_it_down_only_the_role_is_known() -> None:
    held = decide_held_alias(ANSWER, [replace(LOADED, to_version=7)], [])

    assert (held.alias, held.since) == ("production", None)
    assert "not recorded" in held.known_from
    assert decide_held_alias(replace(ANSWER, role="shadow"), [], [PROMOTED]).alias == "challenger"


def test_a_version_that_answered_in_a_replay_held_no_alias_for_that() -> None:
    held = decide_held_alias(replace(ANSWER, role="replay-2"), [LOADED], [PROMOTED])

    assert (held.alias, held.since) == ("none", None)
    assert "replay" in held.known_from


def test_production_of_then_is_what_the_log_book_says_and_the_worker_when_it_took_it() -> None:
    held = decide_held_alias(ANSWER, [LOADED], [PROMOTED, REFUSED, NEXT])

    assert (held.alias, held.since, held.until) == ("production", PROMOTED.at, NEXT.at)
    assert held.known_from.startswith("log book: version 2 became production, before it version 1, by ana@desk; ")
    assert f"model event: {ANSWER.worker} swapped version 2" in held.known_from
    assert held.disagreement is None


def test_a_worker_that_had_not_changed_yet_answered_as_the_previous_one_and_that_is_said() -> None:
    held = decide_held_alias(ANSWER, [LOADED], [PROMOTED, ROLLED_BACK])

    assert (held.alias, held.since) == ("previous", ROLLED_BACK.at)
    assert "rolled back to version 1" in held.known_from
    assert "version 1 was production" in str(held.disagreement)
    assert f"{ANSWER.worker} answered with version 2" in str(held.disagreement)


def test_a_version_that_the_log_book_never_saw_in_production_held_no_alias() -> None:
    held = decide_held_alias(replace(ANSWER, model_version=9), [], [PROMOTED])

    assert (held.alias, held.since) == ("none", None)
    assert "moved without the log book" in str(held.disagreement)


def test_decisions_after_the_answer_say_nothing_of_it() -> None:
    assert decide_held_alias(ANSWER, [LOADED], [NEXT]).since == LOADED.at


def test_the_parent_is_what_was_production_at_the_promotion() -> None:
    took_over = replace(LOADED, from_version=7)

    (parent,) = find_parents(2, [took_over], [PROMOTED, REFUSED, ROLLED_BACK, NEXT])

    assert parent == Parent(1, f"production when it was promoted, {PROMOTED.at.isoformat(timespec='seconds')}")
    assert [each.version for each in find_parents(2, [took_over], [])] == [7]
    assert find_parents(2, [took_over], [replace(PROMOTED, from_version=None)]) == ()


def test_a_version_is_no_child_of_one_that_it_followed_as_a_challenger() -> None:
    challenged = replace(LOADED, from_version=7, role="shadow")

    assert find_parents(2, [challenged], []) == ()
