"""What happens to a served version, written down; a store that is away stops nothing."""

import logging
from collections.abc import Callable
from datetime import datetime

from pipelines.errors import StoreError
from pipelines.lookup.facts import RegisteredVersion
from stream.messages import Role
from stream.models.versions import Loaded
from stream.store import ModelEvent, ModelEventKind

RecordEvent = Callable[[ModelEvent], None]

log = logging.getLogger(__name__)


def record_change(
    record: RecordEvent,
    worker: str,
    wanted: RegisteredVersion,
    served: Loaded | None,
    event: ModelEventKind,
    detail: str,
    *,
    at: datetime,
    role: Role,
) -> None:
    """`served` is what served before."""
    before = served.version.version if served else None
    change = ModelEvent(at, worker, wanted.classifier, before, wanted.version, event, detail[:1000], role)
    try:
        record(change)
    except StoreError as error:
        log.error("could not record that %s version %d was %s: %s", wanted.classifier, wanted.version, event, error)
