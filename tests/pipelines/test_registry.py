from pathlib import Path
from typing import Any

import pytest

from pipelines.artefact import digest_artefact
from pipelines.errors import ModelError, RegistryError
from pipelines.evaluation.metrics import Report
from pipelines.registry import Registry, open_registry, promote, roll_back
from pipelines.settings import Settings
from pipelines.tracking import ensure_experiment, log_model, open_client

pytestmark = pytest.mark.integration


@pytest.fixture
def registry(settings: Settings) -> Registry:
    return open_registry(settings)


def register(settings: Settings, artefact: Path, classifier: str, macro_f1: float = 0.8) -> int:
    """A run with a report, a logged model and a version of it."""
    client = open_client(settings)
    run_id = client.create_run(ensure_experiment(client, settings, classifier)).info.run_id
    for name, value in Report(macro_f1, macro_f1, 0.4, 0.02, 0.5, 100).metrics().items():
        client.log_metric(run_id, name, value)
    digest = digest_artefact(artefact)
    model_id = log_model(client, run_id, artefact, digest)
    return open_registry(settings).register(classifier, model_id, run_id, {"vigia.sha256": digest})


def test_the_same_bytes_are_registered_once(settings: Settings, make_artefact: Any) -> None:
    artefact = make_artefact("once")

    assert register(settings, artefact, "once") == register(settings, artefact, "once") == 1
    assert register(settings, make_artefact("once", "another"), "once") == 2


def test_promoting_moves_what_served_to_previous_and_rolling_back_swaps(
    settings: Settings, registry: Registry, make_artefact: Any
) -> None:
    first = register(settings, make_artefact("moves"), "moves")
    second = register(settings, make_artefact("moves", "better"), "moves")

    assert promote(registry, "moves", first) is None
    assert promote(registry, "moves", second) == first
    assert registry.version_of_alias("moves", "production") == second
    assert registry.version_of_alias("moves", "previous") == first

    assert roll_back(registry, "moves") == (second, first)
    assert registry.version_of_alias("moves", "production") == first


def test_a_version_that_is_promoted_is_neither_candidate_nor_challenger_any_more(
    settings: Settings, registry: Registry, make_artefact: Any
) -> None:
    first = register(settings, make_artefact("tried"), "tried")
    second = register(settings, make_artefact("tried", "better"), "tried")
    promote(registry, "tried", first)
    registry.point("tried", "candidate", second)
    registry.point("tried", "challenger", second)

    promote(registry, "tried", second)

    assert registry.version_of_alias("tried", "candidate") is None
    assert registry.version_of_alias("tried", "challenger") is None


def test_rolling_back_without_a_previous_version_is_refused(
    settings: Settings, registry: Registry, make_artefact: Any
) -> None:
    promote(registry, "alone", register(settings, make_artefact("alone"), "alone"))

    with pytest.raises(RegistryError, match="previous version of alone"):
        roll_back(registry, "alone")


def test_an_unknown_version_or_classifier_is_answered_with_what_there_is(
    settings: Settings, registry: Registry, make_artefact: Any
) -> None:
    register(settings, make_artefact("known"), "known")

    with pytest.raises(RegistryError, match=r"registered: 1\), received 7"):
        promote(registry, "known", 7)
    with pytest.raises(RegistryError, match="registered: none"):
        promote(registry, "unknown", 1)
    assert registry.version_of_alias("unknown", "production") is None
    assert registry.version_of_alias("known", "production") is None


def test_a_download_is_checked_against_the_registered_digest(
    settings: Settings, registry: Registry, make_artefact: Any, tmp_path: Path
) -> None:
    version = register(settings, make_artefact("checked"), "checked")
    folder = registry.download("checked", version, tmp_path / "good")
    assert (folder / "serving" / "model.xml").read_text(encoding="utf-8") == "network"

    kept = next(settings.mlflow_artifacts.glob("checked/**/model.xml"))
    kept.write_text("tampered", encoding="utf-8")

    with pytest.raises(ModelError, match="changed after registration"):
        registry.download("checked", version, tmp_path / "bad")
    assert not any((tmp_path / "bad").iterdir())


def test_a_registry_that_is_away_is_said_at_once() -> None:
    with pytest.raises(RegistryError, match=r"Expected MLflow at http://127\.0\.0\.1:1"):
        open_registry(Settings(mlflow_tracking_uri="http://127.0.0.1:1"))
