"""Which parts of Faust the consumer stands on are there: what is missing is told before any frame is read."""

import inspect
from dataclasses import dataclass
from typing import Any, Final

import faust
import faust.streams
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer

from pipelines.errors import BrokerError


@dataclass(frozen=True, slots=True)
class Part:
    """A name in Faust; of a method with the names of what it takes."""

    owner: Any
    name: str
    takes: tuple[str, ...] | None = None

    @property
    def words(self) -> str:
        return f"{self.owner.__name__}.{self.name}" + (f"({', '.join(self.takes)})" if self.takes is not None else "")

    def is_there(self) -> bool:
        found = getattr(self.owner, self.name, None)
        if self.takes is None:
            return found is not None or any(
                self.name in vars(each).get("__annotations__", {}) for each in self.owner.__mro__
            )
        # a method that is only demanded of subclasses has been removed where it was
        abstract = getattr(found, "__isabstractmethod__", False)
        return callable(found) and not abstract and tuple(inspect.signature(found).parameters)[1:] == self.takes


LOSS_FREE: Final = (
    Part(Consumer, "ack", ("message",)),
    Part(Consumer, "_to_message", ("tp", "record")),
    Part(Consumer, "_new_offset", ("tp",)),
    Part(Consumer, "_committed_offset"),
)
"""Where one of them is another, a frame that nobody answered could be committed."""
BOUNDED_AND_FRESH: Final = (
    Part(Consumer, "getmany", ("timeout",)),
    Part(Consumer, "_wait_next_records", ("timeout",)),
    Part(Consumer, "wait_first", ("coros", "timeout")),
    Part(Consumer, "_add_gap", ("tp", "offset_from", "offset_to")),
    Part(Consumer, "_acked"),
    Part(Consumer, "_acked_index"),
    Part(Consumer, "highwater", ("tp",)),
    Part(Consumer, "flow_active"),
    Part(Consumer, "_new_consumer_thread", ()),
    Part(AIOKafkaConsumerThread, "_create_worker_consumer", ("transport",)),
    Part(AIOKafkaConsumerThread, "on_thread_stop", ()),
    Part(AIOKafkaConsumerThread, "verify_event_path", ("now", "tp")),
)
"""Without one of them frames are read by Faust's own consumer: none is lost, but more wait, and they grow older."""


def check_loss_free() -> None:
    """Raises BrokerError for a Faust that acknowledges in another way than the one this was written for."""
    if getattr(faust.streams, "_CStreamIterator", None) is None:
        raise BrokerError(
            "Expected Faust's compiled stream iterator, found only the one in Python, which acknowledges frames "
            "that nobody has seen. Install faust-streaming from a wheel and unset NO_CYTHON."
        )
    if missing := [part.words for part in LOSS_FREE if not part.is_there()]:
        raise BrokerError(
            f"Expected a Faust with {', '.join(missing)}, found version {_version()} without. Install the version that "
            "requirements.lock names: this one could commit frames that nobody has answered."
        )


def missing_parts() -> list[str]:
    """Of those without which frames are neither bounded in flight nor judged by age."""
    return [part.words for part in BOUNDED_AND_FRESH if not part.is_there()]


def say_missing(missing: list[str]) -> str:
    """One line for the log."""
    return (
        f"Expected a Faust with {', '.join(missing)}, found version {_version()} without: frames are read by its own "
        "consumer. None is lost, but realtime cameras are served first in first out, what is in flight is not bounded "
        "in bytes, and a full buffer stops reading for a second. Install the version that requirements.lock names."
    )


def _version() -> str:
    return str(faust.__version__)
