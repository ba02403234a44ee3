"""Windows read back from a real PostgreSQL: its numbers are ours to the last bit."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from stream.store import PredictionStore
from tests.stream import postgres
from tests.stream.consensus.test_live import answer, batch, build, said

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


def test_a_worker_that_starts_for_every_frame_says_what_one_says_that_never_ends(store: PredictionStore) -> None:
    labels = ["dark", "light", "dark", "dark", "?", "light", "dark", "light", "light", "dark"]
    frames = [
        replace(said(n, labels[n % 10], seconds=n / 7), confidence=0.55 + n / 3000, camera_id=f"gate-{n % 2}")
        for n in range(60)
    ]
    expected = build(store).add(batch(*frames)).predictions

    answers = [each for frame in frames for each in answer(build(store), store, frame)]

    assert tuple(answers) == expected
    assert {each.consensus_label for each in answers} == {None, "dark", "light"}
