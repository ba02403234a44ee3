from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from pipelines.datasets.catalogue import CataloguePicture
from pipelines.errors import RegistryError, StoreError
from pipelines.promotion.decisions import make_decision
from pipelines.promotion.log_book import LogBook
from stream.frames.kept_frames import KeptFrame, KeptIndex, at_now
from stream.store import ModelEvent, PredictionStore
from stream.tracing.documents import describe_frame_trace
from stream.tracing.traces import FrameTrace, choose_answer, trace_frame, trace_model
from stream.tracing.words import draw_tree, tell_frame_trace
from tests.pipelines.datasets.test_origins import record
from tests.pipelines.test_ancestry import FakeRegistry, tagged
from tests.stream.fakes import NOON
from tests.stream.test_messages import PREDICTION

RED, BLUE = "ab" * 32, "cd" * 32
ANSWER = replace(PREDICTION, model_version=2, nearest=((RED, 0.97), (BLUE, 0.9)))
PROMOTED = replace(
    make_decision("cars", 2, "promoted", before=1, after=2, by="ana@desk"), at=NOON - timedelta(minutes=61)
)
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


def book_of(store: PredictionStore) -> LogBook:
    """In the same database, as in life."""
    return LogBook(store.engine.url.render_as_string(hide_password=False))


def trace(store: PredictionStore, workspace: Path, **options: str) -> FrameTrace:
    md5 = record(workspace, CataloguePicture("bmw/1.jpg", RED, "holiday/1.jpg", "", None))
    return trace_frame(store, FakeRegistry(tagged(dataset_md5=md5)), book_of(store), workspace, "gate-1", **options)


def test_a_frame_leads_to_its_model_and_to_the_training_pictures_it_resembles(
    store: PredictionStore, workspace: Path
) -> None:
    store.store_batch([ANSWER], [])
    store.record_model_event(LOADED)
    book_of(store).write(PROMOTED)

    found = trace(store, workspace)

    assert found.prediction == ANSWER
    assert found.ancestry.model.version == 2
    assert (found.held.alias, found.held.since) == ("production", PROMOTED.at)
    red, blue = found.nearest
    assert (red.likeness, red.origin and red.origin.origin) == (0.97, "holiday/1.jpg")
    assert blue.origin is None
    assert any("origin of 1 of the nearest" in note for note in found.notes)


def test_a_trace_says_whether_the_picture_is_kept_and_where(store: PredictionStore, workspace: Path) -> None:
    store.store_batch([ANSWER], [])
    frame = KeptFrame(
        ANSWER.position, "unknown", ANSWER.frame_id, ANSWER.camera_id, ANSWER.image_sha256, 9, ANSWER.captured_at
    )

    KeptIndex(store).record([at_now(frame, store="here:/kept", suffix="jpg")])

    found = trace(store, workspace)
    (kept,) = describe_frame_trace(found)["frame"]["kept"]
    assert kept == {"reason": "unknown", "store": "here:/kept", "path": frame.path + "jpg"}
    assert f"{frame.path}jpg in here:/kept (unknown)" in draw_tree(tell_frame_trace(found))


def test_a_prediction_without_neighbours_says_why(store: PredictionStore, workspace: Path) -> None:
    store.store_batch([replace(ANSWER, nearest=())], [])

    found = trace(store, workspace)

    assert (found.nearest, found.kept) == ((), ())
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
        trace_frame(store, FakeRegistry(), book_of(store), workspace, "nobody")
    store.store_batch([ANSWER], [])

    with pytest.raises(StoreError, match="newest are gate-1"):
        trace_frame(store, FakeRegistry(), book_of(store), workspace, "nobody")
    with pytest.raises(StoreError, match=r"found those of cars \(production\)"):
        trace_frame(store, FakeRegistry(), book_of(store), workspace, "gate-1", classifier="simpsons")


def test_a_version_leads_to_those_before_it_and_to_what_it_answered(store: PredictionStore, workspace: Path) -> None:
    store.store_batch([ANSWER], [])
    store.record_model_event(LOADED)
    book_of(store).write(PROMOTED)

    found = trace_model(store, FakeRegistry(), book_of(store), workspace, "cars", 2)

    assert [parent.version for parent in found.parents] == [1]
    assert sum(each.predictions for each in found.served) == 1
    assert found.events == (LOADED,)
    with pytest.raises(RegistryError, match="received 5"):
        trace_model(store, FakeRegistry(), book_of(store), workspace, "cars", 5)
