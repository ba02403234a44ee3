"""Curves on their way to MLflow while a training goes on: what cannot be sent waits, and the training does not."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from pipelines.errors import RegistryError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric

PAUSE_SECONDS: Final = 20.0
"""After a failure, before the next attempt: a server that hangs must not slow every epoch down."""


@dataclass
class RunLog:
    """Metrics of one run."""

    client: "MlflowClient"
    run_id: str
    is_there: Callable[[], bool]
    """Whether MLflow answers, asked at once."""
    _waiting: "list[Metric]" = field(default_factory=list)
    _not_before: float = 0.0

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """One point of each curve, sent now or later."""
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        self._waiting += [Metric(key, float(value), now, step) for key, value in values.items()]
        if time.monotonic() >= self._not_before and not self._send():
            self._not_before = time.monotonic() + PAUSE_SECONDS

    def close(self, status: str = "FINISHED") -> None:
        """Send what waits and end the run. Raises RegistryError when MLflow is away."""
        if not self._send() or not self._try(lambda: self.client.set_terminated(self.run_id, status)):
            raise RegistryError(
                f"Expected MLflow to take the curves of run {self.run_id}, it does not answer. The trained model is "
                f"kept: start MLflow again (`vigia up`) and repeat the command, nothing is trained twice."
            )

    def fail(self) -> None:
        """End the run as failed, where MLflow still answers."""
        self._try(lambda: self.client.set_terminated(self.run_id, "FAILED"))

    def _send(self) -> bool:
        points, self._waiting = self._waiting, []
        if points and not self._try(lambda: self.client.log_batch(self.run_id, metrics=points)):
            self._waiting = points + self._waiting
        return not self._waiting

    def _try(self, call: Callable[[], None]) -> bool:
        from mlflow.exceptions import MlflowException

        if not self.is_there():
            return False
        try:
            call()
        except (MlflowException, OSError):  # OSError: what `requests` raises
            return False
        return True
