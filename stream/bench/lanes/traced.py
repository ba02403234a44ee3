"""The real worker, which writes down when each frame passes each step: `python -m stream.bench.lanes.traced ORDER`."""

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from faust.types import EventT

from stream.bench.lanes.order import Order
from stream.bench.lanes.worker import build_setup
from stream.logs import configure_logs
from stream.messages import Message, Position
from stream.reading.freshness import DroppedFrame
from stream.worker.agent import Agent
from stream.worker.outcomes import BatchOutcome
from stream.worker.worker import run_worker

STEPS: Final = ("handed out", "in a batch", "begun", "decoded", "inferred", "stored", "published")
TRACE: Final = "trace.jsonl"
"""Lines of frame id, captured_at, frames in its batch, and the time of each step; seconds since 1970."""


@dataclass(slots=True)
class TracedAgent(Agent):
    """Decoding and inference are told by the batch, as one after the other."""

    _times: dict[Position, tuple[float, ...]] = field(default_factory=dict)

    def _answer(
        self, messages: Sequence[Message], dropped: Sequence[DroppedFrame] = (), realtime: bool = False
    ) -> BatchOutcome:
        began = time.time()
        outcome = Agent._answer(self, messages, dropped, realtime)
        decoded = began + outcome.decode_seconds
        steps = (began, decoded, decoded + outcome.infer_seconds)
        self._times.update((message.position, (message.received_at.timestamp(), *steps)) for message in messages)
        return outcome

    def _store(self, messages: Sequence[Message], outcome: BatchOutcome) -> BatchOutcome:
        outcome = Agent._store(self, messages, outcome)
        stored = time.time()
        self._times.update((message.position, (*self._times[message.position], stored)) for message in messages)
        return outcome

    async def _deliver(self, events: Sequence[EventT[bytes]], outcome: BatchOutcome) -> None:
        await Agent._deliver(self, events, outcome)
        published = time.time()
        steady = published - time.monotonic()
        with (Path(self.app.conf.datadir).parent / TRACE).open("a", encoding="utf-8") as file:
            for event in events:
                raw: Any = event.message
                times = self._times.pop(Position(raw.topic, raw.partition, raw.offset), ())
                told = dict(raw.headers)
                about = (told["frame_id"].decode(), told["captured_at"].decode(), len(outcome.positions))
                file.write(json.dumps([*about, raw.handed_out_at + steady, *times, published]) + "\n")


if __name__ == "__main__":
    configure_logs("console")
    sys.exit(run_worker(replace(build_setup(Order.parse(sys.argv[1])), agent=TracedAgent)))
