import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.artefact import digest_artefact
from pipelines.client_lookup import ClientLookup
from pipelines.errors import RegistryError
from pipelines.lookup.artefact_cache import local_folder
from pipelines.lookup.registry_tables import RegistryTables
from pipelines.registry import open_registry
from pipelines.settings import Settings
from pipelines.tracking import open_client
from tests.pipelines.lookup.conftest import NAME


@pytest.mark.integration
def test_the_file_says_what_mlflows_client_says(registered: tuple[Settings, Path]) -> None:
    settings, artefact = registered
    client, file = open_client(settings), RegistryTables(settings.resolve_tracking_uri())

    told = client.get_model_version_by_alias(NAME, "production")
    found = file.holder(NAME, "production")

    assert found is not None
    assert (found.classifier, found.version) == (told.name, int(told.version))
    assert found.sha256 == told.tags["vigia.sha256"] == digest_artefact(artefact)
    assert (found.tags, found.aliases, found.run_id) == (told.tags, ("production",), told.run_id)
    assert found.created_at.timestamp() * 1000 == pytest.approx(told.creation_timestamp)
    assert found.location == client.get_model_version_download_uri(NAME, told.version)
    folder = local_folder(found.location)
    assert folder is not None
    assert digest_artefact(folder) == found.sha256
    assert file.version(NAME, 2) == found
    assert file.versions(NAME) == (1, 2)
    assert NAME in file.classifiers()


@pytest.mark.integration
def test_a_run_is_what_mlflows_client_says(registered: tuple[Settings, Path]) -> None:
    client, lookup = open_client(registered[0]), RegistryTables(registered[0].resolve_tracking_uri())
    version = lookup.version(NAME, 2)
    assert version is not None
    client.log_metric(version.run_id, "accuracy", 0.9)
    client.log_param(version.run_id, "train.seed", 7)
    told = client.get_run(version.run_id)

    found = lookup.run(version.run_id)

    assert found is not None
    assert (found.params, found.metrics) == ({"train.seed": "7"}, {"accuracy": 0.9})
    assert (found.name, found.status, found.tags) == (told.info.run_name, told.info.status, told.data.tags)
    assert found.experiment_id == told.info.experiment_id
    assert lookup.run("0000") is None
    by_client = ClientLookup(open_registry(registered[0]))
    assert by_client.run(version.run_id) == found
    assert by_client.version(NAME, 2) == by_client.holder(NAME, "production") == replace(version, location="mlflow:")


@pytest.mark.integration
def test_what_is_not_there_or_was_deleted_is_nothing(registered: tuple[Settings, Path]) -> None:
    file = RegistryTables(registered[0].resolve_tracking_uri())

    assert file.holder(NAME, "challenger") is None
    assert file.holder("nobody", "production") is None
    assert file.version(NAME, 3) is None
    assert file.versions("nobody") == ()


def test_a_file_that_is_not_there_yet_is_an_empty_registry(tmp_path: Path) -> None:
    file = RegistryTables(f"sqlite:///{tmp_path}/mlflow.db")

    assert file.classifiers() == ()
    assert file.holder("cars", "production") is None
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_another_kind_is_said(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_text("no database at all, though long enough to be looked at", encoding="utf-8")

    with pytest.raises(RegistryError, match="MLFLOW_TRACKING_URI"):
        RegistryTables(f"sqlite:///{tmp_path}/mlflow.db").classifiers()


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    file = tmp_path / "50% mine #1" / "mlflow.db"
    file.parent.mkdir()
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE registered_models (workspace, name)")
        connection.execute("INSERT INTO registered_models VALUES ('default', 'cars')")

    assert RegistryTables(f"sqlite:///{file}").classifiers() == ("cars",)


def test_a_database_server_that_is_away_is_said_without_its_password() -> None:
    with pytest.raises(RegistryError, match=r"tables at postgresql\+psycopg2://127\.0\.0\.1:9/mlflow\.") as raised:
        RegistryTables("postgresql+psycopg2://ana:secret@127.0.0.1:9/mlflow").classifiers()

    assert "secret" not in str(raised.value)
