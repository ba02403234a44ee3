"""The real worker on the bench's registry, which knows one version: `python -m stream.bench.lanes.worker ORDER`."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from faust.types import EventT

from pipelines.errors import RegistryError
from pipelines.inference import load_classifier
from pipelines.lookup.facts import RegisteredVersion, RunFacts
from stream.bench.lanes.order import LaneName, Order
from stream.guard.rolling_back import RollbackAnswer, RollbackOrder
from stream.logs import configure_logs
from stream.messages import encode_prediction
from stream.models.trial import try_version
from stream.reading.pace import Pace
from stream.store import PredictionStore
from stream.worker.agent import Agent
from stream.worker.outcomes import BatchOutcome
from stream.worker.worker import WorkerSetup, run_worker


@dataclass(frozen=True, slots=True)
class OneVersion:
    """A registry whose production version lies in a folder of this machine."""

    known: RegisteredVersion

    def classifiers(self) -> tuple[str, ...]:
        return (self.known.classifier,)

    def holder(self, classifier: str, alias: str) -> RegisteredVersion | None:
        return self.known if classifier == self.known.classifier and alias in self.known.aliases else None

    def run(self, run_id: str) -> RunFacts | None:
        return None


@dataclass(slots=True)
class UnguardedAgent(Agent):
    """Acknowledges a batch at once and waits for no delivery: what loss-free delivery costs is measured against it."""

    _sending: set["asyncio.Task[None]"] = field(default_factory=set)

    async def _deliver(self, events: Sequence[EventT[bytes]], outcome: BatchOutcome) -> None:
        for event in events:
            event.ack()
            self.acked += 1
        answers = [encode_prediction(prediction) for prediction in outcome.predictions]
        sending = asyncio.create_task(self.publisher.publish(answers))
        self._sending.add(sending)
        sending.add_done_callback(self._sending.discard)


def answer_singly() -> Pace:
    """However light the model is, no frame waits for another in its batch."""
    return Pace(frames=1, most_frames=1)


CHANGES: Final[Mapping[LaneName, Mapping[str, Any]]] = {
    "ours without guarantee": {"agent": UnguardedAgent},
    "ours unbatched": {"build_pace": answer_singly},
}
"""What a lane's worker has that `vigia worker` has not."""


def version_of(order: Order) -> RegisteredVersion:
    """As a registry would tell it."""
    tags = {"vigia.sha256": order.sha256}
    now = datetime.now(UTC)
    return RegisteredVersion(order.classifier, order.version, "bench", tags, ("production",), now, order.artefact)


def build_setup(order: Order) -> WorkerSetup:
    def refuse(version: RegisteredVersion, into: Path) -> Path:
        raise RegistryError(f"Expected the artefact of {version.classifier} on this machine, not into {into}.")

    def move_nothing(order: RollbackOrder) -> RollbackAnswer:
        return RollbackAnswer("overtaken", order.version, "a bench moves no alias")

    changes = CHANGES.get(order.lane, {})
    known = version_of(order)
    return WorkerSetup(
        bootstrap=order.bootstrap,
        state=order.folder,
        slot=order.slot,
        cameras_file=order.folder / "cameras.yaml",
        store=PredictionStore(f"sqlite:///{order.folder / 'store' / 'vigia.db'}"),
        open_lookup=lambda: OneVersion(known),
        download=refuse,
        try_version=try_version,
        load=load_classifier,
        common_group=order.group,
        roll_back=move_nothing,
        **changes,
    )


if __name__ == "__main__":
    configure_logs("console")
    sys.exit(run_worker(build_setup(Order.parse(sys.argv[1]))))
