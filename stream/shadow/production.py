"""How far production has come, from the ledger that it keeps."""

from sqlalchemy import func, select

from stream.messages import FRAMES_TOPIC, SHADOW_GROUP
from stream.store import PredictionStore
from stream.tables import frame_ledger


def read_progress(store: PredictionStore) -> dict[int, int]:
    """Partition to the first offset that no production worker has stored; a partition that none read is missing.

    Of several groups the one that came farthest counts: another may be of workers that are no more.
    """
    statement = (
        select(frame_ledger.c.partition, func.max(frame_ledger.c.next_offset))
        .where(frame_ledger.c.topic == FRAMES_TOPIC, frame_ledger.c.consumer_group != SHADOW_GROUP)
        .group_by(frame_ledger.c.partition)
    )
    return {row[0]: row[1] for row in store.read(statement)}
