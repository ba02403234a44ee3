"""`vigia models`, `promote` and `rollback` as they are typed, on a real MLflow."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from pipelines.commands import app
from pipelines.errors import GateError, RegistryError, VigiaError
from pipelines.promotion.decisions import make_decision
from pipelines.promotion.log_book import LogBook
from pipelines.promotion.moving import move_to_production
from pipelines.registry import open_registry
from pipelines.settings import Settings
from tests.pipelines.promotion.made import make_colour_model, make_workspace, register_model

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
NAME = "colours"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A workspace in which version 1 serves, which is blind to blue, beside a better one and two worse ones."""
    folder = tmp_path_factory.mktemp("registry-commands")
    make_workspace(folder, NAME)
    uri = f"sqlite:///{folder}/home/mlflow/mlflow.db"
    settings = Settings(home=folder / "home", mlflow_tracking_uri=uri)
    for sharpness, blind_to in ((0.02, "blue"), (0.02, None), (0.02, "red"), (0.03, "red")):
        register_model(settings, make_colour_model(folder, NAME, blind_to=blind_to, sharpness=sharpness), NAME)
    book = LogBook(settings.resolve_database_url())
    move_to_production(open_registry(settings), book, make_decision(NAME, 1, "promoted", before=None, after=1))
    return settings


@pytest.fixture(autouse=True)
def _there(place: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place.home.parent)
    monkeypatch.setenv("VIGIA_HOME", str(place.home))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", str(place.mlflow_tracking_uri))
    monkeypatch.delenv("VIGIA_DATABASE_URL", raising=False)


def run(*arguments: str) -> str:
    """What the command prints on stdout; an error is raised as it is."""
    return CliRunner().invoke(app, arguments, catch_exceptions=False, standalone_mode=False).stdout


def refuse(*arguments: str) -> VigiaError:
    with pytest.raises(VigiaError) as caught:
        run(*arguments)
    return caught.value


def aliases() -> dict[int, list[str]]:
    return {row["version"]: row["aliases"] for row in json.loads(run("models", NAME, "--json"))}


def test_a_worse_version_is_refused_with_every_reason_and_the_way_round(place: Settings) -> None:
    error = refuse("promote", NAME, "3")

    assert isinstance(error, GateError)
    assert "worse: " in str(error) or "classes that lose too much: red" in str(error)
    assert f'vigia promote {NAME} 3 --force --reason "…"' in str(error)
    assert aliases()[1] == ["production"]


def test_a_better_version_passes_and_rolling_back_undoes_it(place: Settings) -> None:
    document = json.loads(run("promote", NAME, "2", "--json"))

    assert (document["promoted"], document["from_version"], document["gate"]["passed"]) == (True, 1, True)
    assert {"pair", "classes", "parity", "audit", "dataset"} <= {each["rule"] for each in document["gate"]["rules"]}
    assert (aliases()[2], aliases()[1]) == (["production"], ["previous"])

    assert json.loads(run("rollback", NAME, "--reason", "a try", "--json"))["version"] == 1
    assert (aliases()[1], aliases()[2]) == (["production"], ["previous"])


def test_force_needs_a_reason(place: Settings) -> None:
    for words in (["--force"], ["--force", "--reason", " "]):
        with pytest.raises(typer.BadParameter, match="needs a reason"):
            run("promote", NAME, "3", *words)

    run("promote", NAME, "3", "--force", "--reason", "the others are blind")
    assert aliases()[3] == ["production"]


def test_the_history_reads_like_a_log_book(place: Settings) -> None:
    run("promote", NAME, "4", "--force", "--reason", "señal")

    lines = run("models", NAME, "--history")
    assert f"{NAME}: version 4 was made production by force, before it version" in lines
    assert "“señal”" in lines
    last = json.loads(run("models", NAME, "--history", "--json"))[-1]
    assert (last["event"], last["version"], last["note"]) == ("forced", 4, "señal")
    assert {"at", "by", "from_version", "to_version", "reasons"} <= set(last)


def test_the_table_names_versions_aliases_and_what_the_gate_said(place: Settings) -> None:
    header, newest, *_ = run("models").splitlines()

    assert header.split() == ["classifier", "version", "precision", "accuracy", "made", "gate", "aliases"]
    assert newest.split()[:2] == [NAME, "4"]
    assert run("models", "nobody") == ""


def test_deleting_what_holds_an_alias_is_refused(place: Settings) -> None:
    serving = next(version for version, held in aliases().items() if "production" in held)

    assert "is production" in str(refuse("models", "delete", NAME, str(serving)))
    assert isinstance(refuse("models", "delete", NAME, "99"), RegistryError)


def test_promoting_imports_no_tensorflow(place: Settings) -> None:
    code = (
        "import sys; from typer.testing import CliRunner; from pipelines.commands import app;"
        f"CliRunner().invoke(app, ['promote', '{NAME}', '2']);"
        "sys.exit(any(name in sys.modules for name in ('tensorflow', 'keras', 'prefect')))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], check=False, env=environment)

    assert done.returncode == 0
