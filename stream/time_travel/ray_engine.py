"""`--engine ray`: the parts of a window as a Ray Data job, on this machine or on a cluster that runs already."""

import importlib.util
import logging
import os
import secrets
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import psutil

from pipelines import errors
from pipelines.classifying.opening import open_version
from pipelines.datasets.threads import count_cores
from pipelines.errors import SettingsError, StackError, VigiaError
from pipelines.settings import is_listening
from pipelines.terminal import say
from stream.time_travel.answering import MissingFrame, Tally
from stream.time_travel.replayer import Asked, Replayer
from stream.time_travel.windows import Part

FOLDER: Final = "vigia-ray-"
"""Then the process' id."""
ROOT: Final = Path(__file__).parents[2]
QUIET: Final = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
"""Nothing is told to anybody, and little to the terminal."""
LOOPBACK: Final = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_AUTH_MODE": "token"}
"""Ray listens on every interface of a Linux machine, to anybody, unless it is told to behave as elsewhere."""
STORE_BYTES: Final = 80 * 2**20
"""Of Ray's object store: tallies are all that goes through it."""


def open_ray(asked: Asked) -> Callable[[Sequence[Part]], Iterator[Tally]]:
    """What answers parts on Ray. Raises SettingsError where that cannot be, RegistryError and ModelError as locally."""
    if importlib.util.find_spec("ray") is None:
        raise SettingsError(
            "Expected the extra `ray` for --engine ray, found none installed. Install it with "
            "`uv pip install -e '.[ray]'` in the clone, or leave --engine away."
        )
    pinned = asked.pinned()
    address = os.environ.get("RAY_ADDRESS")
    check_cluster(pinned, address)
    require_cluster(address)
    open_version(pinned.settings, pinned.window.classifier, pinned.version, say)
    return lambda parts: run_on_ray(pinned, parts)


def check_cluster(asked: Asked, address: str | None) -> None:
    """Raises SettingsError when other machines are to work on what lies on this one alone."""
    if not address or address == "local":
        return
    settings = asked.settings
    database = settings.resolve_database_url().split(":", 1)[0]
    if database.startswith("sqlite"):
        raise SettingsError(
            f"Expected a prediction store on PostgreSQL for the Ray cluster of RAY_ADDRESS={address}, found SQLite on "
            "this machine. Set VIGIA_DATABASE_URL, or unset RAY_ADDRESS to use this machine alone."
        )
    if asked.source != "topic" and not (settings.frames_url or "").startswith("s3://"):
        raise SettingsError(
            f"Expected a frame store on S3 for the Ray cluster of RAY_ADDRESS={address}, found a folder of this "
            "machine. Set VIGIA_FRAMES_URL to s3://…, or take --source topic."
        )


def require_cluster(address: str | None) -> None:
    """Raises SettingsError where nobody listens: Ray would try for minutes."""
    if address in (None, "", "local", "auto"):
        return
    url = str(address) if "://" in str(address) else f"ray://{address}"
    if not is_listening(url, timeout_seconds=5.0):
        raise SettingsError(
            f"Expected a Ray cluster at RAY_ADDRESS={address}, nobody answers there. Start it, correct it, or "
            "unset it to use this machine alone."
        )


class PartAnswerer:
    """One actor: loads the version at its first part, then answers a part at a time and stores its rows.

    An error of ours goes back as a row: Ray would wrap it, and print it with a traceback.
    """

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._replayer: Replayer | None = None

    def __call__(self, row: Mapping[str, Any]) -> dict[str, Any]:
        total, failure = Tally(), ("", "")
        try:
            self._replayer = self._replayer or Replayer.open(self._asked).__enter__()
            for tally in self._replayer.replay([Part(**row)]):
                total.add(tally)
        except VigiaError as error:
            failure = (type(error).__name__, str(error))
        # as pairs: Ray keeps rows as tables, in which a mapping would get every other row's keys
        missing = [[reason, str(count)] for reason, count in total.missing.items()]
        frames = [[f.frame_id, f.camera_id, f.captured_at.isoformat(), f.reason] for f in total.missing_frames]
        told = {"missing": missing, "missing_frames": frames, "error": failure[0], "words": failure[1]}
        return {**asdict(total), **told}


def read_answer(row: Mapping[str, Any]) -> Tally:
    """An actor's row. Raises the error that ended its part."""
    if kind := row["error"]:
        raise getattr(errors, kind, errors.VigiaError)(row["words"])
    counts = {name: int(row[name]) for name in ("before", "kept", "topic", "answered")}
    frames = [
        MissingFrame(frame_id, camera_id, datetime.fromisoformat(captured_at), reason)
        for frame_id, camera_id, captured_at, reason in row["missing_frames"]
    ]
    missing = Counter({reason: int(count) for reason, count in row["missing"]})
    return Tally(**counts, missing=missing, missing_frames=frames)


def run_on_ray(asked: Asked, parts: Sequence[Part]) -> Iterator[Tally]:
    """Each part's tally as it is done, in any order."""
    with running_ray():
        import ray.data

        logging.getLogger("ray.data").setLevel(logging.ERROR)
        rows = ray.data.from_items([asdict(part) for part in parts], override_num_blocks=len(parts))
        answered = rows.map(
            PartAnswerer,  # type: ignore[arg-type]  # a class is called in its actor
            fn_constructor_args=(asked,),
            compute=ray.data.ActorPoolStrategy(min_size=1, max_size=max(1, min(count_cores(), len(parts)))),
            num_cpus=1,
        )
        try:
            for row in answered.iter_rows():
                yield read_answer(row)
        except ray.exceptions.RayError as error:
            raise tell_failure(error) from error


@contextmanager
def running_ray() -> Iterator[None]:
    """Ray as long as the block: on this machine alone and silent, unless RAY_ADDRESS names a cluster."""
    here = os.environ.get("RAY_ADDRESS") in (None, "", "local")
    os.environ.update(QUIET)
    if here:
        os.environ.update(LOOPBACK, RAY_AUTH_TOKEN=secrets.token_hex(32))
    # the actors' processes shall import what this one runs
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    import ray

    # its sockets lie there, whose paths may have 107 characters: too few for many a home
    sweep_folders()
    folder = tempfile.mkdtemp(prefix=f"{FOLDER}{os.getpid()}-")
    alone: dict[str, Any] = {
        "address": "local",
        "num_cpus": count_cores(),
        "include_dashboard": False,
        "object_store_memory": STORE_BYTES,
        "_temp_dir": folder,
    }
    try:
        try:
            ray.init(**(alone if here else {}), log_to_driver=False, logging_level=logging.ERROR)
        except (RuntimeError, OSError, ValueError) as error:  # a cluster that is away is a ConnectionError
            raise tell_failure(error) from error
        yield
    finally:
        ray.shutdown()
        shutil.rmtree(folder, ignore_errors=True)


def sweep_folders() -> None:
    """Remove what runs that were killed left behind; Ray's own processes end with the one that started them."""
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER}*-*"):
        owner = folder.name.removeprefix(FOLDER).partition("-")[0]
        if owner.isdecimal() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def tell_failure(error: BaseException) -> StackError:
    """Of Ray itself, in one line."""
    words = str(error).strip().splitlines()
    return StackError(
        f"Expected Ray to answer the window, received {type(error).__name__}: {words[0] if words else 'nothing more'}. "
        "What is answered stays: run the same command again, or without --engine ray."
    )
