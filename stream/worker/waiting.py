"""What a worker waits for before it reads: the broker, the store, a first model. Each says since when it is away."""

import logging
import random
import threading
import time
from collections.abc import Callable
from typing import Final

from pipelines.errors import BrokerError, StoreError, StoreVersionError
from stream.broker.topics import ensure_topics
from stream.models.watcher import ModelWatcher
from stream.monitoring.contacts import Contact
from stream.store import PredictionStore

SAY_SECONDS: Final = 5.0
SAY_AGAIN_SECONDS: Final = 60.0

log = logging.getLogger(__name__)


def wait_for_broker(bootstrap: str, contact: Contact) -> None:
    """Returns once the broker answers and has the topics; tries for ever, with a line every few seconds."""
    keep_trying(lambda: ensure_topics(bootstrap), BrokerError, f"the broker at {bootstrap}", contact)


def wait_for_store(store: PredictionStore, contact: Contact) -> None:
    """Returns once the store can be written and has its tables; nothing is read from Kafka before.

    Raises StoreVersionError when only another version of the program could use it.
    """
    keep_trying(store.migrate, StoreError, "the prediction store", contact, hopeless=(StoreVersionError,))


def keep_trying(
    action: Callable[[], None],
    away: type[Exception],
    what: str,
    contact: Contact,
    *,
    hopeless: tuple[type[Exception], ...] = (),
) -> None:
    """Call until it raises no `away` any more; pauses grow to five seconds. A hopeless error is raised on."""
    said_at, pause = float("-inf"), 0.5
    while True:
        try:
            action()
            contact.heard()
            return
        except hopeless:
            raise
        except away as error:
            contact.lost(str(error))
            if time.monotonic() - said_at > SAY_SECONDS:
                log.warning("waiting for %s: %s", what, error)
                said_at = time.monotonic()
        threading.Event().wait(pause * random.uniform(0.5, 1.5))  # noqa: S311  jitter is no secret
        pause = min(pause * 2, 5.0)


def wait_for_model(watcher: ModelWatcher) -> None:
    """Returns once something can be served; nothing is read from Kafka before."""
    while not watcher.wait_until_serving(timeout_seconds=SAY_SECONDS):
        log.info("waiting for a first production version: train one with `vigia train cars`")
        if watcher.wait_until_serving(timeout_seconds=SAY_AGAIN_SECONDS):
            return
