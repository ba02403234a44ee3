import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines import client_lookup
from pipelines.artefact import digest_artefact
from pipelines.classifying import opening
from pipelines.classifying.opening import CACHE_FOLDER, open_version
from pipelines.errors import ModelError, RegistryError
from pipelines.lookup.artefact_cache import ArtefactCache
from pipelines.registry import open_registry
from pipelines.settings import Settings
from pipelines.tracking import ensure_experiment, log_model, open_client
from tests.pipelines.lookup.made import registered_version

Register = Callable[[Path], Path]
AWAY = "http://127.0.0.1:9"


def test_the_production_version_is_opened_where_it_lies(colours: Path, register: Register) -> None:
    opened = open_version(Settings(home=register(colours)), "colours", None, print)

    assert (opened.classifier, opened.version, opened.artefact) == ("colours", 4, colours)
    assert opened.load(threads=1)[0].class_names == ("blue", "green", "red")


def test_an_artefact_altered_by_a_byte_is_refused(colours: Path, register: Register, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(colours, tmp_path / "copy"))
    settings = Settings(home=register(copy))
    weights = copy / "serving" / "model.bin"
    weights.write_bytes(bytes([weights.read_bytes()[0] ^ 1]) + weights.read_bytes()[1:])

    with pytest.raises(ModelError, match="changed after registration"):
        open_version(settings, "colours", None, print)


def test_while_the_registry_is_away_only_a_named_version_that_was_used_before_answers(
    colours: Path, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path, mlflow_tracking_uri=AWAY)
    version = registered_version("colours", 4, digest_artefact(colours), "s3://models/colours")
    kept = ArtefactCache(settings.state / CACHE_FOLDER, AWAY).open(
        version, lambda _, into: Path(shutil.copytree(colours, into / "fetched"))
    )
    said: list[str] = []

    assert open_version(settings, "colours", 4, said.append).artefact == kept
    assert said == ["the registry does not answer; colours version 4 is the one fetched from it before"]
    with pytest.raises(RegistryError, match=rf"Expected MLflow at {AWAY}.*--model 4"):
        open_version(settings, "colours", None, said.append)
    with pytest.raises(RegistryError, match=r"Expected MLflow at .* correct MLFLOW_TRACKING_URI\.$"):
        open_version(settings, "cars", 4, said.append)


def test_a_registry_that_answers_is_not_doubted(colours: Path, register: Register) -> None:
    said: list[str] = []

    with pytest.raises(RegistryError, match=r"registered: 4\), received 9"):
        open_version(Settings(home=register(colours)), "colours", 9, said.append)
    assert said == []


@pytest.mark.integration
def test_an_artefact_that_only_mlflows_client_can_reach_is_fetched_once(
    settings: Settings, colours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register_with_mlflow(settings, colours)
    monkeypatch.setattr(
        client_lookup, "open_lookup", lambda _: None
    )  # as for an address that is neither a file nor a server
    elsewhere = Settings(home=tmp_path, mlflow_tracking_uri=settings.mlflow_tracking_uri)

    first = open_version(elsewhere, "colours", None, print)
    monkeypatch.setattr(opening, "_fetch", None)  # from now on a download would fail
    second = open_version(elsewhere, "colours", first.version, print)

    assert first.artefact == second.artefact
    assert first.artefact.is_relative_to(tmp_path / CACHE_FOLDER)
    assert digest_artefact(first.artefact) == digest_artefact(colours)


def register_with_mlflow(settings: Settings, artefact: Path) -> None:
    client, registry = open_client(settings), open_registry(settings)
    run_id = client.create_run(ensure_experiment(client, settings, "colours")).info.run_id
    digest = digest_artefact(artefact)
    model_id = log_model(client, run_id, artefact, digest)
    registry.point("colours", "production", registry.register("colours", model_id, run_id, {"vigia.sha256": digest}))
