"""Where a worker of either role runs and what it connects."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout

from pipelines.errors import StackError
from stream.models.copies import Download
from stream.models.loader import LoadClassifier, TryVersion
from stream.models.watcher import LiveLookup
from stream.store import PredictionStore

Setup = TypeVar("Setup", bound="WorkerPlace")


@dataclass(frozen=True, slots=True)
class WorkerPlace:
    """What workers of every role are told."""

    bootstrap: str
    state: Path
    """The state folder, VIGIA_HOME."""
    slot: int
    """1, 2, ...: the worker's place on this machine; two live workers of a role never share one."""
    cameras_file: Path
    """params.yaml lies beside it."""
    store: PredictionStore
    open_lookup: Callable[[], LiveLookup]
    download: Download
    try_version: TryVersion
    load: LoadClassifier

    def hold_slot(self, lock: FileLock) -> None:
        """Hold the slot until the process ends. Raises StackError when another live worker has it."""
        Path(lock.lock_file).parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise StackError(
                f"Expected slot {self.slot} of {Path(lock.lock_file).parent} to be free; another worker serves in it. "
                "Give this one another number in VIGIA_WORKER_SLOT."
            ) from error


def build_setup(kind: Callable[..., Setup], slot: int, **more: object) -> Setup:
    """The setup of a command that runs here, by the settings. Raises BrokerError when no broker is configured."""
    from pipelines.client_lookup import choose_lookup
    from pipelines.inference import load_classifier
    from pipelines.lookup.remembering import remember_registry
    from pipelines.settings import find_workspace, load_settings
    from stream.commands import known_bootstrap
    from stream.models.downloading import build_download
    from stream.models.trial import try_version

    settings = load_settings()
    return kind(
        bootstrap=known_bootstrap(settings.resolve_kafka_bootstrap()),
        state=settings.state,
        slot=slot,
        cameras_file=find_workspace() / "cameras.yaml",
        store=PredictionStore(settings.resolve_database_url()),
        open_lookup=lambda: remember_registry(choose_lookup(settings), settings),
        download=build_download(settings),
        try_version=try_version,
        load=load_classifier,
        **more,
    )
