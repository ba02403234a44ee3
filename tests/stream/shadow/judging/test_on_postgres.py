"""The report's questions to a real PostgreSQL, which is stricter than SQLite about what is grouped."""

from collections.abc import Iterator

import pytest

from pipelines.shadow_params import ShadowParams
from stream.shadow.judging.report import build_report, choose_window
from stream.spare.production import read_production
from stream.store import PredictionStore
from tests.stream import postgres
from tests.stream.shadow.judging.made import OTHER, REFUSED, SAME, store_pairs

pytestmark = pytest.mark.integration


@pytest.fixture
def store() -> Iterator[PredictionStore]:
    if reason := postgres.why_not():
        pytest.skip(reason)
    with postgres.Postgres() as server:
        store = PredictionStore(server.url)
        store.migrate()
        yield store
        store.engine.dispose()


def test_a_challenger_is_judged(store: PredictionStore) -> None:
    store_pairs(store, [SAME, SAME, OTHER, REFUSED, (None, SAME[1])])
    store_pairs(store, [OTHER], first=10, versions=(4, 2))
    store_pairs(store, [SAME], first=20, camera_id="yard")

    window = choose_window(store, lambda: None, "cars", None, None, None)
    report = build_report(store, window, ShadowParams(), {"f2": "Saab"})

    assert (window.version, window.against) == (2, 1)
    assert (report.comparison.frames, report.alone, report.left_out) == (5, 1, {4: 1})
    assert [each.frame_id for each in report.disagreements] == ["f3", "f2"]
    assert report.sample is not None
    assert (report.sample.found, report.sample.better) == (1, 1)
    assert report.comparison.infer_ratio == 1.5
    assert read_production(store) == {}
