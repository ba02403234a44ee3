from pathlib import Path

from stream.ledger import FrameRead
from stream.messages import FRAMES_TOPIC, SHADOW_GROUP, Position
from stream.shadow.production import read_progress
from stream.store import PredictionStore


def test_production_has_come_as_far_as_its_farthest_group_and_the_shadow_counts_nothing(tmp_path: Path) -> None:
    store = PredictionStore(f"sqlite:///{tmp_path / 'vigia.db'}")
    assert read_progress(store) == {}
    store.migrate()
    for group, offset in (("vigia-worker", 10), ("vigia-worker-cars", 7), (SHADOW_GROUP, 99)):
        store.store_batch([], [], [FrameRead(Position(FRAMES_TOPIC, 2, offset), "skipped")], group=group)

    assert read_progress(store) == {2: 11}
