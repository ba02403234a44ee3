"""The gate at work on a real MLflow; what it would measure is given."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import GateError, RegistryError
from pipelines.promotion.evidence import Evidence, Measured, Missing
from pipelines.promotion.judging import Measure, judge_candidate, promote_by_hand
from pipelines.promotion.log_book import LogBook
from pipelines.promotion.moving import move_back
from pipelines.registry import Registry, open_registry, promote
from pipelines.settings import Settings
from pipelines.tracking import open_client
from tests.pipelines.promotion.made import evidence, figures, make_workspace, pair, register_model

pytestmark = pytest.mark.integration

BETTER, ALIKE, WORSE = pair(12, 2), pair(3, 3), pair(0, 20)
FIRST = Measured(200, 0, 0.3, figures(1, 0.8), None, 0, 0, ())


class Desk:
    """One classifier with a workspace, versions and a log book."""

    def __init__(self, settings: Settings, folder: Path, classifier: str, artefacts: list[Path]) -> None:
        self.settings, self.classifier = settings, classifier
        self.registry: Registry = open_registry(settings)
        self.workspace = make_workspace(folder, classifier)
        self.book = LogBook(f"sqlite:///{folder}/vigia.db")
        for artefact in artefacts:
            register_model(settings, artefact, classifier)
        self.compared_with: list[int | None] = []

    def judge(self, version: int, measured: Measured | Missing) -> tuple[Any, bool]:
        return judge_candidate(
            self.registry, self.book, self.workspace, self.classifier, version, measure=self.measuring(measured)
        )

    def promote(self, version: int, measured: Measured | Missing = BETTER, **named: Any) -> tuple[Any, bool]:
        measure = self.measuring(measured)
        return promote_by_hand(
            self.registry, self.book, self.workspace, self.classifier, version, measure=measure, **named
        )

    def measuring(self, measured: Measured | Missing) -> Measure:
        def measure(registry: Any, workspace: Any, params: Any, candidate: Any, against: int | None) -> Evidence:
            self.compared_with.append(against)
            return evidence(measured, version=candidate.version)

        return measure

    @property
    def production(self) -> int | None:
        return self.registry.version_of_alias(self.classifier, "production")

    @property
    def events(self) -> list[tuple[int, str]]:
        return [(each.version, each.event) for each in self.book.read(self.classifier)]


@pytest.fixture
def make_desk(settings: Settings, make_artefact: Any, tmp_path: Path) -> Callable[[str], Desk]:
    """With three versions, of which the first serves."""

    def make(classifier: str) -> Desk:
        desk = Desk(settings, tmp_path, classifier, [make_artefact(classifier, str(number)) for number in range(3)])
        assert desk.judge(1, FIRST)[1]
        return desk

    return make


def test_a_training_promotes_what_is_better_and_keeps_the_rest_a_candidate(make_desk: Callable[[str], Desk]) -> None:
    desk = make_desk("flow")

    refused, promoted = desk.judge(2, ALIKE)
    assert (refused.passed, promoted, desk.production) == (False, False, 1)
    assert desk.registry.version("flow", 2).tags["vigia.gate"].startswith("refused: not shown to be better")

    assert desk.judge(3, BETTER)[1]
    assert desk.production == 3
    assert desk.events == [(1, "promoted"), (2, "refused"), (3, "promoted")]
    assert desk.compared_with == [None, 1, 1]


def test_the_version_that_serves_is_judged_by_nobody(make_desk: Callable[[str], Desk]) -> None:
    desk = make_desk("serves")

    for answer, serves in (desk.judge(1, WORSE), desk.promote(1, WORSE)):
        assert serves
        assert answer.reasons == ("version 1 is production already",)
    assert desk.events == [(1, "promoted")]


def test_a_person_may_promote_what_is_no_better_but_not_what_is_worse(make_desk: Callable[[str], Desk]) -> None:
    desk = make_desk("person")

    assert not desk.promote(2, WORSE)[1]
    assert not desk.promote(2, Missing("the test split is gone"))[1]
    assert desk.production == 1
    assert desk.promote(2, ALIKE, note="it knows vans")[1]
    assert desk.production == 2
    assert desk.book.read("person")[-1].note == "it knows vans"


def test_force_needs_no_gate_and_is_written_down(make_desk: Callable[[str], Desk]) -> None:
    desk = make_desk("forced")

    assert desk.promote(2, WORSE, force=True, note="the demo is at noon")[1]

    assert desk.production == 2
    assert desk.events[-1] == (2, "forced")
    assert desk.registry.version("forced", 2).tags["vigia.gate"] == "forced: the demo is at noon"
    assert desk.compared_with == [None]


def test_the_previous_version_comes_back_without_a_gate(make_desk: Callable[[str], Desk]) -> None:
    desk = make_desk("restored")
    desk.promote(2)

    assert desk.promote(1, WORSE)[1]

    assert desk.production == 1
    assert desk.events[-1] == (1, "restored")


def test_a_training_does_not_bring_back_what_a_person_rolled_back(make_desk: Callable[[str], Desk]) -> None:
    desk = make_desk("barred")
    desk.judge(2, BETTER)
    move_back(desk.registry, desk.book, "barred", "it barks")

    for _ in range(2):  # the refusal itself is no way round it
        decision, promoted = desk.judge(2, BETTER)
        assert not promoted
        assert "taken out of production before" in decision.reasons[0]
        assert decision.reasons[0].endswith(": it barks")
    assert desk.promote(2)[1]


def test_production_that_changes_while_a_version_is_judged_refuses_it(make_desk: Callable[[str], Desk]) -> None:
    desk = make_desk("meanwhile")
    given = desk.measuring(BETTER)

    def measure(*arguments: Any) -> Evidence:
        promote(desk.registry, "meanwhile", 3)
        return given(*arguments)

    with pytest.raises(GateError, match="production of meanwhile to be version 1 still"):
        judge_candidate(desk.registry, desk.book, desk.workspace, "meanwhile", 2, measure=measure)
    assert desk.production == 3


def test_production_deleted_in_mlflow_makes_no_first_version_of_the_next(make_desk: Callable[[str], Desk]) -> None:
    desk = make_desk("emptied")
    desk.judge(2, BETTER)
    open_client(desk.settings).delete_model_version("emptied", "2")

    decision, _ = desk.judge(3, BETTER)

    assert desk.compared_with[-1] == 1
    assert any("production version 2 is no longer registered" in finding.reason for finding in decision.findings)
    assert desk.production == 3


def test_an_unknown_version_is_answered_with_those_there_are(make_desk: Callable[[str], Desk]) -> None:
    desk = make_desk("numbered")

    with pytest.raises(RegistryError, match=r"registered: 1, 2, 3\), received 9"):
        desk.promote(9)
