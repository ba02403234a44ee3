"""The colour classifier, opened, and registered in a database file with MLflow's tables."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from pipelines.artefact import ServingCard, digest_artefact
from pipelines.classifying.opening import OpenedVersion
from pipelines.classifying.pictures import Pool
from tests.pipelines.classifying.artefacts import write_colour_artefact

TABLES = """
create table registered_models (name, workspace default 'default');
create table registered_model_aliases (alias, version, name, workspace default 'default');
create table model_versions (name, version, run_id, creation_time, current_stage, source, storage_location,
  workspace default 'default');
create table model_version_tags (key, value, name, version, workspace default 'default');
"""


@pytest.fixture(scope="session")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its artefact; not to be changed."""
    return write_colour_artefact(tmp_path_factory.mktemp("colours"))


@pytest.fixture(scope="session")
def opened(colours: Path) -> OpenedVersion:
    return OpenedVersion("colours", 4, colours, ServingCard.load(colours))


@pytest.fixture(scope="session")
def pool(opened: OpenedVersion) -> Pool:
    return Pool(opened.load(threads=2))


@pytest.fixture
def register(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Path]:
    """`register(artefact)`: a home whose registry has it as version 4 of `colours`, in production."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)  # MLflow's client writes it for its children

    def build(artefact: Path) -> Path:
        file = tmp_path / "home" / "mlflow" / "mlflow.db"
        file.parent.mkdir(parents=True)
        with closing(sqlite3.connect(file)) as opened, opened:
            opened.executescript(TABLES)
            opened.execute("insert into registered_models(name) values ('colours')")
            opened.execute(
                "insert into registered_model_aliases(alias, version, name) values ('production', 4, 'colours')"
            )
            opened.execute(
                "insert into model_versions(name, version, current_stage, source, storage_location) "
                "values (?, ?, ?, ?, ?)",
                ("colours", 4, "None", "models:/m-1", artefact.as_uri()),
            )
            opened.execute(
                "insert into model_version_tags(key, value, name, version) values ('vigia.sha256', ?, 'colours', 4)",
                (digest_artefact(artefact),),
            )
        return tmp_path / "home"

    return build
