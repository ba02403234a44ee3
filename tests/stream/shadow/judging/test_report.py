from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from pipelines.errors import RegistryError, StoreError
from pipelines.settings import Settings
from pipelines.shadow_params import ShadowParams
from stream.frames.opened import OpenedFrames, open_frames
from stream.messages import FRAMES_TOPIC, Position
from stream.shadow.judging.answers import Window
from stream.shadow.judging.page import build_shadow_page
from stream.shadow.judging.report import build_report, choose_window, describe_report, find_pictures
from stream.store import PredictionStore
from stream.tables import predictions
from tests.stream.fakes import NOON, FakeRegistry, draw_jpeg
from tests.stream.frames.places import KeptPlace
from tests.stream.shadow.judging.made import OTHER, SAME, store_pairs


@pytest.fixture
def kept(tmp_path: Path) -> OpenedFrames:
    opened = open_frames(Settings(home=tmp_path), tmp_path / "cameras.yaml")
    opened.index.database.migrate()
    return opened


@pytest.fixture
def store(kept: OpenedFrames) -> PredictionStore:
    return kept.index.database


def choose(
    store: PredictionStore, tmp_path: Path, *, classifier: str = "cars", version: int | None = None, **window: Any
) -> Window:
    registry = FakeRegistry(tmp_path / "registry.json")
    span = window.get("begins"), window.get("ends")
    return choose_window(store, lambda: registry, classifier, version, *span)


def test_the_challenger_that_answered_last_is_compared_with_production_s_last_version(
    store: PredictionStore, tmp_path: Path
) -> None:
    store_pairs(store, [SAME], versions=(1, 2))
    store_pairs(store, [SAME], first=10, versions=(1, 3))
    store_pairs(store, [SAME], first=20, versions=(4, 3))

    assert choose(store, tmp_path) == Window("cars", 3, 4)
    assert choose(store, tmp_path, version=2) == Window("cars", 2, 1)


def test_a_challenger_that_became_production_is_not_compared_with_itself(
    store: PredictionStore, tmp_path: Path
) -> None:
    store_pairs(store, [SAME], versions=(1, 2))
    store_pairs(store, [SAME], first=10, versions=(2, 2))

    assert choose(store, tmp_path) == Window("cars", 2, 1)


def test_what_cannot_be_compared_is_said_in_a_line(store: PredictionStore, tmp_path: Path) -> None:
    FakeRegistry(tmp_path / "registry.json").promote(cars=1, simpsons=1)
    store_pairs(store, [SAME], versions=(1, 2))

    with pytest.raises(RegistryError, match="received 'dogs'; there are: cars, simpsons"):
        choose(store, tmp_path, classifier="dogs")
    with pytest.raises(StoreError, match=r"found none\. Run `vigia challenge simpsons VERSION`"):
        choose(store, tmp_path, classifier="simpsons")
    with pytest.raises(StoreError, match=r"answered in the shadow \(2\), received 9"):
        choose(store, tmp_path, version=9)
    with pytest.raises(StoreError, match="from 2025-06-01T13:00:00"):
        choose(store, tmp_path, begins=NOON + timedelta(hours=1))


def test_a_registry_that_is_away_hides_no_lack_of_answers(store: PredictionStore, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="found none"):
        choose(store, tmp_path)


def test_the_document_and_the_page_say_the_same(store: PredictionStore, tmp_path: Path, kept: OpenedFrames) -> None:
    place = KeptPlace(tmp_path / "kept", kept.store, kept.index)
    store_pairs(store, [SAME] * 8 + [OTHER, OTHER])
    picture = place.keep(draw_jpeg(40), offset=8)
    _name_picture(store, 8, picture.sha256)
    report = build_report(store, Window("cars", 2, 1), ShadowParams(min_frames=5), None)
    pictures = find_pictures(report, kept)

    document = describe_report(report)
    page = build_shadow_page(report, pictures)

    assert (document["frames"], document["agreement"], document["verdict"]) == (10, 0.8, "undecided")
    assert document["disagreements"] == [{"production": "Volvo", "challenger": "Saab", "frames": 2}]
    assert [frame.position for frame, _ in pictures.shown] == [Position(FRAMES_TOPIC, 0, 8)]
    assert (pictures.kept, pictures.gone) == (1, 1)
    assert "Of the 2 newest frames with different answers 1 are kept, 1 are gone or were never kept." in page
    assert page.count("data:image/jpeg") == 1
    assert "80.0%" in page
    assert all(reason.split(":")[0] in page for reason in document["reasons"])


def test_a_camera_s_name_is_text_on_the_page(store: PredictionStore, kept: OpenedFrames) -> None:
    store_pairs(store, [SAME, OTHER], camera_id="<script>alert(1)</script>")
    report = build_report(store, Window("cars", 2, 1), ShadowParams(), None)

    assert "<script>alert" not in build_shadow_page(report, find_pictures(report, kept))


def _name_picture(store: PredictionStore, offset: int, sha256: str) -> None:
    changed = update(predictions).where(predictions.c.offset == offset).values(image_sha256=sha256)
    store.write(lambda connection: connection.execute(changed))
