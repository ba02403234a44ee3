"""On a real MLflow."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import GateError, RegistryError
from pipelines.promotion.decisions import make_decision
from pipelines.promotion.history import read_history
from pipelines.promotion.log_book import LogBook
from pipelines.promotion.moving import delete_version, move_back, move_to_production
from pipelines.registry import Registry, open_registry
from pipelines.settings import Settings
from pipelines.tracking import open_client
from tests.pipelines.promotion.made import register_model

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]


@pytest.fixture
def registry(settings: Settings) -> Registry:
    return open_registry(settings)


@pytest.fixture
def book(tmp_path: Path) -> LogBook:
    return LogBook(f"sqlite:///{tmp_path}/store/vigia.db")


def register(settings: Settings, make_artefact: Any, classifier: str, count: int) -> None:
    for number in range(1, count + 1):
        assert register_model(settings, make_artefact(classifier, str(number)), classifier) == number


def promote(registry: Registry, book: LogBook, classifier: str, version: int, before: int | None) -> None:
    decision = make_decision(classifier, version, "promoted", before=before, after=version, reasons=("it is good",))
    move_to_production(registry, book, decision)


def test_a_promotion_is_a_row_tags_and_a_note_on_the_run(
    settings: Settings, registry: Registry, book: LogBook, make_artefact: Any
) -> None:
    register(settings, make_artefact, "kept", 2)

    promote(registry, book, "kept", 1, None)
    promote(registry, book, "kept", 2, 1)

    assert registry.version_of_alias("kept", "production") == 2
    assert registry.version_of_alias("kept", "previous") == 1
    (_, row) = book.read("kept")
    assert (row.version, row.event, row.from_version, row.to_version) == (2, "promoted", 1, 2)
    version = registry.version("kept", 2)
    assert version.tags["vigia.gate"] == "passed: it is good"
    assert json.loads(version.tags["vigia.decision"])["id"] == row.id
    (note,) = open_client(settings).list_artifacts(version.run_id, "decisions")
    assert note.path.endswith("-promoted.md")


def test_who_comes_second_is_told_who_was_quicker_and_nothing_moves(
    settings: Settings, registry: Registry, book: LogBook, make_artefact: Any
) -> None:
    register(settings, make_artefact, "late", 3)
    promote(registry, book, "late", 1, None)
    promote(registry, book, "late", 2, 1)

    with pytest.raises(
        GateError, match=r"version 1 still.*version 2 \(version 2 became production, before it version 1"
    ):
        promote(registry, book, "late", 3, 1)

    assert registry.version_of_alias("late", "production") == 2
    assert [each.event for each in book.read("late")] == ["promoted", "promoted", "overtaken"]


def test_of_two_processes_that_promote_at_once_one_wins_and_the_other_is_told(
    settings: Settings, registry: Registry, book: LogBook, make_artefact: Any, tmp_path: Path
) -> None:
    register(settings, make_artefact, "raced", 3)
    promote(registry, book, "raced", 1, None)
    code = (
        "import sys; from pipelines.registry import open_registry; from pipelines.settings import load_settings;"
        "from pipelines.promotion.decisions import make_decision;"
        "from pipelines.promotion.log_book import LogBook; from pipelines.promotion.moving import move_to_production;"
        "registry, version = open_registry(load_settings()), int(sys.argv[2]);"
        "print('ready', flush=True); sys.stdin.readline();"
        "move_to_production(registry, LogBook(sys.argv[1]),"
        " make_decision('raced', version, 'promoted', before=1, after=version))"
    )
    address = f"sqlite:///{tmp_path}/store/vigia.db"
    environment = {"VIGIA_HOME": str(settings.state), "MLFLOW_TRACKING_URI": str(settings.mlflow_tracking_uri)}
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", code, address, version],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for version in ("2", "3")
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin
        racer.stdin.write("go\n")
        racer.stdin.flush()
    words = [racer.communicate(timeout=240)[1] for racer in racers]

    codes = [racer.returncode for racer in racers]
    assert sorted(codes) == [0, 1], words
    loser = codes.index(1)
    winner = 3 - loser
    assert f"it is version {winner} (version {winner} became production" in words[loser]
    assert registry.version_of_alias("raced", "production") == winner
    assert registry.version_of_alias("raced", "previous") == 1
    assert {(each.version, each.event) for each in book.read("raced")} == {
        (1, "promoted"),
        (winner, "promoted"),
        (5 - winner, "overtaken"),
    }


def test_rolling_back_swaps_and_says_why(
    settings: Settings, registry: Registry, book: LogBook, make_artefact: Any
) -> None:
    register(settings, make_artefact, "back", 2)
    promote(registry, book, "back", 1, None)
    promote(registry, book, "back", 2, 1)

    decision = move_back(registry, book, "back", "it calls vans lorries")

    assert (decision.from_version, decision.to_version) == (2, 1)
    assert registry.version_of_alias("back", "production") == 1
    assert registry.version_of_alias("back", "previous") == 2
    assert book.read("back")[-1].note == "it calls vans lorries"
    assert registry.version("back", 2).tags["vigia.gate"] == "passed: it is good"


def test_rolling_back_serves_the_previous_version_when_production_was_deleted_in_mlflow(
    settings: Settings, registry: Registry, book: LogBook, make_artefact: Any
) -> None:
    register(settings, make_artefact, "gone", 2)
    promote(registry, book, "gone", 1, None)
    promote(registry, book, "gone", 2, 1)
    open_client(settings).delete_model_version("gone", "2")

    assert move_back(registry, book, "gone", None).to_version == 1

    assert registry.version_of_alias("gone", "production") == 1
    with pytest.raises(RegistryError, match="previous version of gone"):
        move_back(registry, book, "gone", None)


def test_a_version_that_holds_an_alias_is_not_deleted(
    settings: Settings, registry: Registry, book: LogBook, make_artefact: Any
) -> None:
    register(settings, make_artefact, "deleted", 3)
    promote(registry, book, "deleted", 1, None)
    registry.point("deleted", "candidate", 2)

    for version, alias in ((1, "production"), (2, "candidate")):
        with pytest.raises(GateError, match=f"version {version} is {alias}"):
            delete_version(registry, book, "deleted", version)
    delete_version(registry, book, "deleted", 3)

    assert [each.version for each in registry.versions("deleted")] == [2, 1]
    assert read_history(registry, book, "deleted")[-1].sentence() == "version 3 was deleted"
    with pytest.raises(RegistryError, match=r"registered: 1, 2\), received 3"):
        delete_version(registry, book, "deleted", 3)


def test_a_log_book_that_cannot_be_written_stops_a_promotion_before_anything_moves(
    settings: Settings, registry: Registry, make_artefact: Any
) -> None:
    register(settings, make_artefact, "unwritten", 1)

    with pytest.raises(Exception, match="log book of decisions"):
        promote(registry, LogBook("sqlite:////proc/none/vigia.db"), "unwritten", 1, None)

    assert registry.version_of_alias("unwritten", "production") is None
