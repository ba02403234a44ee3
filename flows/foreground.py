"""The training flow in this process, with its progress on the terminal."""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from pipelines.datasets.versions import read_dataset_version
from pipelines.errors import ParamsError
from pipelines.params import load_params, set_params
from pipelines.settings import find_workspace, load_settings
from pipelines.terminal import say

if TYPE_CHECKING:
    from flows.training import TrainingOutcome


def train_here(
    classifier: str, changes: list[str], start_prefect: Callable[[], AbstractContextManager[str]]
) -> "TrainingOutcome":
    """Apply `key=value` changes to params.yaml, then run the flow, on a Prefect of its own where none is running.

    Raises the error of the step that failed.
    """
    workspace, settings = find_workspace(), load_settings()
    values = parse_changes(changes)
    load_params(workspace).classifier(classifier)
    read_dataset_version(workspace, classifier)
    for key, (before, after) in set_params(workspace, classifier, values).items():
        say(f"params.yaml: {classifier} {key} {before} -> {after}")
    running = settings.resolve_prefect_api_url()
    with nullcontext(running) if running else start_prefect() as api:
        return _run_flow(classifier, {"PREFECT_API_URL": api, "PREFECT_HOME": str(settings.state / "prefect")})


def _run_flow(classifier: str, prefect: dict[str, str]) -> "TrainingOutcome":
    # before Prefect is imported, or it is not heard
    os.environ.update(prefect)
    if os.environ.get("VIGIA_DEBUG") != "1":  # our own words and Prefect's tracebacks would share the terminal
        os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
    from flows.training import train_classifier

    with _run_logs_on_stderr():
        try:
            return train_classifier(classifier)
        finally:
            _send_what_waits()


def parse_changes(changes: list[str]) -> dict[str, str]:
    """`key=value` texts as pairs. Raises ParamsError for one without `=`."""
    pairs = {}
    for change in changes:
        key, equals, value = change.partition("=")
        if not equals or not key:
            raise ParamsError(f"Expected --set KEY=VALUE, received {change!r}. Such as --set train.epochs=20.")
        pairs[key] = value
    return pairs


def _send_what_waits() -> None:
    """Logs and events go to Prefect in the background; at exit, with a Prefect of our own gone, they wait a minute."""
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogHandler

    APILogHandler().flush()
    EventsWorker.drain_all()


class _SayHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        # a failure comes as the command's own error line; "Finished in state ..." is Prefect's bookkeeping
        if record.levelno < logging.ERROR and not record.getMessage().startswith("Finished in state"):
            say(record.getMessage())


@contextmanager
def _run_logs_on_stderr() -> Iterator[None]:
    """Lines of this run's tasks, as they are."""
    logger, handler = logging.getLogger("prefect.task_runs"), _SayHandler()
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
