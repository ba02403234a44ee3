from pathlib import Path

import pytest

from pipelines.aliases.artefact_cache import local_folder
from pipelines.aliases.registry_file import RegistryFile
from pipelines.artefact import digest_artefact
from pipelines.errors import RegistryError
from pipelines.settings import Settings
from pipelines.tracking import open_client
from tests.pipelines.aliases.conftest import NAME


@pytest.mark.integration
def test_the_file_says_what_mlflows_client_says(registered: tuple[Settings, Path]) -> None:
    settings, artefact = registered
    client, file = open_client(settings), RegistryFile(settings.mlflow_database)

    told = client.get_model_version_by_alias(NAME, "production")
    found = file.holder(NAME, "production")

    assert found is not None
    assert (found.classifier, found.version) == (told.name, int(told.version))
    assert found.sha256 == told.tags["vigia.sha256"] == digest_artefact(artefact)
    assert found.location == client.get_model_version_download_uri(NAME, told.version)
    folder = local_folder(found.location)
    assert folder is not None
    assert digest_artefact(folder) == found.sha256
    assert file.version(NAME, 2) == found
    assert file.versions(NAME) == (1, 2)
    assert NAME in file.classifiers()


@pytest.mark.integration
def test_what_is_not_there_or_was_deleted_is_nothing(registered: tuple[Settings, Path]) -> None:
    file = RegistryFile(registered[0].mlflow_database)

    assert file.holder(NAME, "challenger") is None
    assert file.holder("nobody", "production") is None
    assert file.version(NAME, 3) is None
    assert file.versions("nobody") == ()


def test_a_file_that_is_not_there_yet_is_an_empty_registry(tmp_path: Path) -> None:
    file = RegistryFile(tmp_path / "mlflow.db")

    assert file.classifiers() == ()
    assert file.holder("cars", "production") is None
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_another_kind_is_said(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_text("no database at all, though long enough to be looked at", encoding="utf-8")

    with pytest.raises(RegistryError, match="MLFLOW_TRACKING_URI"):
        RegistryFile(tmp_path / "mlflow.db").classifiers()
