from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from pipelines.datasets.catalogue import CataloguePicture
from pipelines.errors import RegistryError, StoreError
from stream.store import ModelEvent, PredictionStore
from stream.tracing.traces import FrameTrace, choose_answer, decide_held_alias, trace_frame, trace_model
from tests.pipelines.datasets.test_origins import record
from tests.pipelines.test_ancestry import FakeRegistry, tagged
from tests.stream.fakes import NOON
from tests.stream.test_messages import PREDICTION

RED, BLUE = "ab" * 32, "cd" * 32
ANSWER = replace(PREDICTION, model_version=2, nearest=((RED, 0.97), (BLUE, 0.9)))
LOADED = ModelEvent(NOON - timedelta(hours=1), ANSWER.worker, "cars", 1, 2, "swapped")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / ".dvc").mkdir()
    return tmp_path


@pytest.fixture
def store(tmp_path: Path) -> PredictionStore:
    store = PredictionStore(f"sqlite:///{tmp_path / 'store' / 'vigia.db'}", retry_seconds=0.2)
    store.migrate()
    return store


def trace(store: PredictionStore, workspace: Path, **options: str) -> FrameTrace:
    md5 = record(workspace, CataloguePicture("bmw/1.jpg", RED, "holiday/1.jpg", "", None))
    return trace_frame(store, FakeRegistry(tagged(dataset_md5=md5)), workspace, "gate-1", **options)


def test_a_frame_leads_to_its_model_and_to_the_training_pictures_it_resembles(
    store: PredictionStore, workspace: Path
) -> None:
    store.store_batch([ANSWER], [])
    store.record_model_event(LOADED)

    found = trace(store, workspace)

    assert found.prediction == ANSWER
    assert found.ancestry.model.version == 2
    assert (found.held.alias, found.held.since) == ("production", LOADED.at)
    red, blue = found.nearest
    assert (red.likeness, red.origin and red.origin.origin) == (0.97, "holiday/1.jpg")
    assert blue.origin is None
    assert any("origin of 1 of the nearest" in note for note in found.notes)


def test_a_prediction_without_neighbours_says_why(store: PredictionStore, workspace: Path) -> None:
    store.store_batch([replace(ANSWER, nearest=())], [])

    found = trace(store, workspace)

    assert found.nearest == ()
    assert any("not recorded with this prediction" in note for note in found.notes)


def test_production_is_shown_first_and_the_others_are_listed(store: PredictionStore, workspace: Path) -> None:
    shadow = replace(ANSWER, role="shadow")
    animals = replace(ANSWER, classifier="animals")
    store.store_batch([shadow, ANSWER, animals], [])

    assert choose_answer([shadow, ANSWER, animals], None, None) == animals
    assert choose_answer([shadow, ANSWER], None, "shadow") == shadow
    found = trace(store, workspace, classifier="cars")
    assert found.prediction == ANSWER
    assert {each.role for each in found.also} == {"production", "shadow"}


def test_an_unknown_frame_is_answered_with_ids_that_there_are(store: PredictionStore, workspace: Path) -> None:
    with pytest.raises(StoreError, match="Nothing was predicted yet"):
        trace_frame(store, FakeRegistry(), workspace, "nobody")
    store.store_batch([ANSWER], [])

    with pytest.raises(StoreError, match="newest are gate-1"):
        trace_frame(store, FakeRegistry(), workspace, "nobody")
    with pytest.raises(StoreError, match=r"found those of cars \(production\)"):
        trace_frame(store, FakeRegistry(), workspace, "gate-1", classifier="simpsons")


def test_the_alias_of_then_comes_from_the_worker_that_answered() -> None:
    other_worker = replace(LOADED, worker="there/worker-2", to_version=9)
    next_one = replace(LOADED, at=NOON + timedelta(hours=1), from_version=2, to_version=3)
    refused = replace(LOADED, at=NOON - timedelta(minutes=1), to_version=8, event="refused")

    held = decide_held_alias(ANSWER, [LOADED, other_worker, refused, next_one])

    assert (held.alias, held.since, held.until) == ("production", LOADED.at, next_one.at)
    assert "swapped version 2" in held.known_from


def test_without_a_worker_that_wrote_it_down_only_the_role_is_known() -> None:
    held = decide_held_alias(ANSWER, [replace(LOADED, to_version=7)])

    assert (held.alias, held.since) == ("production", None)
    assert "not recorded" in held.known_from
    assert decide_held_alias(replace(ANSWER, role="shadow"), []).alias == "challenger"


def test_a_version_leads_to_those_before_it_and_to_what_it_answered(store: PredictionStore, workspace: Path) -> None:
    store.store_batch([ANSWER], [])
    store.record_model_event(LOADED)

    found = trace_model(store, FakeRegistry(), workspace, "cars", 2)

    assert [parent.version for parent in found.parents] == [1]
    assert sum(each.predictions for each in found.served) == 1
    assert found.events == (LOADED,)
    with pytest.raises(RegistryError, match="received 5"):
        trace_model(store, FakeRegistry(), workspace, "cars", 5)
