import hashlib
import re
from dataclasses import replace
from pathlib import Path

from stream.store import PredictionStore
from stream.tracing.page import build_frame_page, build_model_page, find_frame_picture
from stream.tracing.traces import trace_model
from tests.pipelines.test_ancestry import FakeRegistry
from tests.stream.fakes import draw_jpeg
from tests.stream.tracing.test_traces import ANSWER, book_of, trace
from tests.stream.tracing.test_traces import store as store
from tests.stream.tracing.test_traces import workspace as workspace


def test_the_page_shows_the_chain_and_asks_nobody_for_anything(store: PredictionStore, workspace: Path) -> None:
    store.store_batch([replace(ANSWER, label="<b>Volvo</b>")], [])
    found = trace(store, workspace)

    page = build_frame_page(found, draw_jpeg())

    assert "holiday/1.jpg" in page
    assert "data:image/jpeg;base64" in page
    assert "<b>Volvo</b>" not in page
    assert not re.search(r'(?:src|href)="(?!data:)', page)


def test_without_the_frames_picture_the_words_stand_alone(store: PredictionStore, workspace: Path) -> None:
    store.store_batch([ANSWER], [])
    found = trace(store, workspace)

    assert "as the camera sent it" not in build_frame_page(found, None)
    assert "as the camera sent it" not in build_frame_page(found, b"no picture")
    assert "cars version 2" in build_model_page(
        trace_model(store, FakeRegistry(), book_of(store), workspace, "cars", 2)
    )


def test_the_cameras_last_picture_is_shown_only_while_it_is_this_frames(tmp_path: Path) -> None:
    file = tmp_path / "latest.jpg"
    assert find_frame_picture(file, ANSWER) is None
    file.write_bytes(b"picture")

    same = replace(ANSWER, image_sha256=hashlib.sha256(b"picture").hexdigest())

    assert find_frame_picture(file, ANSWER) is None
    assert find_frame_picture(file, same) == b"picture"
