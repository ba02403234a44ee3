"""A version that fails live leaves production, on a real MLflow."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.promotion.guarding import GuardedRollback, roll_back_failing
from pipelines.promotion.moving import move_back
from pipelines.registry import open_registry, promote
from pipelines.settings import Settings
from tests.pipelines.promotion.test_judging import ALIKE, BETTER, FIRST, Desk

pytestmark = pytest.mark.integration


@pytest.fixture
def make_desk(settings: Settings, make_artefact: Any, tmp_path: Path) -> Callable[[str], Desk]:
    """With three versions, of which the second serves and the first is previous."""

    def make(classifier: str) -> Desk:
        desk = Desk(settings, tmp_path, classifier, [make_artefact(classifier, str(number)) for number in range(3)])
        assert desk.judge(1, FIRST)[1]
        assert desk.judge(2, BETTER)[1]
        return desk

    return make


def take_back(desk: Desk, version: int = 2, to: int = 1) -> GuardedRollback:
    return roll_back_failing(
        desk.registry, desk.book, desk.classifier, version, to=to, why="red 60 of 60", by="host/worker-1"
    )


def test_the_version_before_serves_again_and_everybody_can_read_why(make_desk: Callable[[str], Desk]) -> None:
    desk = make_desk("guard_failing")

    done = take_back(desk)

    assert (done.outcome, done.production, desk.production) == ("rolled_back", 1, 1)
    assert desk.registry.version("guard_failing", 2).tags["vigia.guard"] == "red 60 of 60"
    decision = desk.book.read("guard_failing")[-1]
    assert (decision.event, decision.by, decision.note) == ("rolled_back", "guard of host/worker-1", "red 60 of 60")


def test_one_who_takes_over_finds_it_done_and_moves_nothing(make_desk: Callable[[str], Desk]) -> None:
    desk = make_desk("guard_twice")
    take_back(desk)

    desk.registry.tag("guard_twice", 2, "vigia.guard", "")  # the first one was killed before it said why

    again = take_back(desk)

    assert desk.registry.version("guard_twice", 2).tags["vigia.guard"] == "red 60 of 60"
    assert (again.outcome, again.production, desk.production) == ("rolled_back", 1, 1)
    assert [event for _, event in desk.events].count("rolled_back") == 1


def test_who_moved_the_alias_meanwhile_wins(make_desk: Callable[[str], Desk]) -> None:
    desk = make_desk("guard_overtaken")
    promote(desk.registry, "guard_overtaken", 3)

    done = take_back(desk)

    assert (done.outcome, desk.production) == ("overtaken", 3)
    assert "vigia.guard" not in desk.registry.version("guard_overtaken", 2).tags


def test_it_never_goes_back_to_a_version_that_was_not_asked_or_was_taken_out_itself(
    make_desk: Callable[[str], Desk],
) -> None:
    desk = make_desk("guard_nowhere")

    assert take_back(desk, to=3).outcome == "no_previous"
    desk.registry.release("guard_nowhere", "previous")
    assert take_back(desk).outcome == "no_previous"
    desk.registry.point("guard_nowhere", "previous", 1)

    move_back(desk.registry, desk.book, "guard_nowhere", "too slow")  # 1 serves, 2 was taken out by a person
    assert take_back(desk, version=1, to=2).outcome == "no_previous"
    assert desk.production == 1


def test_what_a_person_went_back_to_is_left_to_the_person(make_desk: Callable[[str], Desk]) -> None:
    desk = make_desk("guard_restored")
    assert desk.promote(1)[1]

    done = take_back(desk, version=1, to=2)

    assert (done.outcome, desk.production) == ("no_previous", 1)
    assert "went back to it from version 2" in done.words


def test_the_gate_refuses_it_from_then_on_unless_it_is_forced(make_desk: Callable[[str], Desk]) -> None:
    desk = make_desk("guard_afterwards")
    take_back(desk)

    for answer, promoted in (desk.judge(2, BETTER), desk.promote(2, ALIKE)):
        assert not promoted
        assert answer.reasons[0] == "it failed live and was rolled back: red 60 of 60"
    assert desk.production == 1
    assert desk.promote(2, force=True, note="the scene was odd")[1]
    assert desk.production == 2


def test_a_rollback_by_hand_is_possible_and_warns(
    make_desk: Callable[[str], Desk], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from pipelines import registry_commands

    desk = make_desk("guard_by_hand")
    take_back(desk)
    monkeypatch.setattr(registry_commands, "_open", lambda: (open_registry(desk.settings), desk.book))

    registry_commands.rollback("guard_by_hand", reason=None, as_json=True)

    told = capsys.readouterr()
    assert json.loads(told.out)["version"] == 2
    assert "warning: version 2 failed live before and was rolled back: red 60 of 60" in told.err


def test_one_that_is_overtaken_in_the_last_moment_moves_nothing(
    make_desk: Callable[[str], Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = make_desk("guard_late")
    others = open_registry(desk.settings)

    def look_late(classifier: str, alias: Any) -> int | None:
        found = others.version_of_alias(classifier, alias)
        if alias == "previous":
            promote(others, "guard_late", 3)
        return found

    monkeypatch.setattr(desk.registry, "version_of_alias", look_late)
    done = take_back(desk)

    assert (done.outcome, done.production) == ("overtaken", 3)
    assert others.version_of_alias("guard_late", "production") == 3
    assert "vigia.guard" not in others.version("guard_late", 2).tags
