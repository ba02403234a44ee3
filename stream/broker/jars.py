"""The jars of the embedded Kafka: pinned by a lock, fetched once per user, hashed before every start."""

import csv
import hashlib
import io
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipelines.errors import BrokerError
from pipelines.terminal import say

if TYPE_CHECKING:
    from jgo.maven import MavenContext

KAFKA_VERSION: Final = "4.3.1"
LOCK_FILE: Final = Path(__file__).with_name(f"kafka-{KAFKA_VERSION}-jars.csv")

_THREADS: Final = 8
_TIMEOUT_SECONDS: Final = 60
_ATTEMPTS: Final = 3
_PAUSE_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Jar:
    """One row of the lock."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def file_name(self) -> str:
        return f"{self.artifact}-{self.version}.jar"


@dataclass(frozen=True, slots=True)
class JarFindings:
    """What keeps a folder from being the locked set of jars."""

    missing: tuple[Jar, ...]
    different: tuple[Jar, ...]

    @property
    def whole(self) -> bool:
        return not self.missing and not self.different


def load_jar_lock() -> tuple[Jar, ...]:
    """Every jar that the embedded Kafka loads, with the SHA-256 that it must have."""
    return tuple(Jar(**row) for row in csv.DictReader(io.StringIO(LOCK_FILE.read_text(encoding="utf-8"))))


def jars_folder() -> Path:
    """One folder per user and Kafka version, so that a second workspace downloads nothing.

    Not Maven's own cache: that one belongs to other tools, which may rewrite what lies there.
    """
    cache = os.environ.get("XDG_CACHE_HOME", "")
    # the XDG specification: a relative path counts as unset
    root = Path(cache) if os.path.isabs(cache) else Path.home() / ".cache"
    return root / "vigia" / f"kafka-{KAFKA_VERSION}"


def inspect_jars(folder: Path, lock: Iterable[Jar]) -> JarFindings:
    """Compare a folder with the lock; reads every byte."""
    jars = tuple(lock)
    with ThreadPoolExecutor(_THREADS) as pool:
        found = list(pool.map(lambda jar: _sha256(folder / jar.file_name), jars))
    pairs = list(zip(jars, found, strict=True))
    return JarFindings(
        missing=tuple(jar for jar, sha256 in pairs if sha256 is None),
        different=tuple(jar for jar, sha256 in pairs if sha256 not in (None, jar.sha256)),
    )


def load_jars() -> list[Path]:
    """Paths of the verified jars; missing ones are fetched first.

    Raises BrokerError that names each jar whose content is not the locked one, or that says why nothing could
    be fetched and which two ways lead out.
    """
    folder, lock = jars_folder(), load_jar_lock()
    findings = inspect_jars(folder, lock)
    if findings.different:
        raise BrokerError(_describe_different(folder, findings.different))
    if findings.missing:
        fetch_jars()
    return [folder / jar.file_name for jar in lock]


def fetch_jars() -> int:
    """Fetch what is missing or differs from the lock; the number of jars fetched. Raises BrokerError."""
    folder, lock = jars_folder(), load_jar_lock()
    with lock_folder(folder) as scratch:
        findings = inspect_jars(folder, lock)  # under the lock: another process may just have fetched them
        needed = (*findings.missing, *findings.different)
        if needed:
            say(f"Kafka {KAFKA_VERSION}: fetching {len(needed)} of {len(lock)} jars, once for all workspaces")
            _download(needed, scratch, folder)
    return len(needed)


@contextmanager
def lock_folder(folder: Path) -> Iterator[Path]:
    """Keep other processes from writing there meanwhile; gives an empty folder inside it, removed afterwards.

    Raises BrokerError for a folder that cannot be written.
    """
    from filelock import FileLock

    scratch = folder / ".scratch"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"):
            shutil.rmtree(scratch, ignore_errors=True)  # of a process that was killed
            scratch.mkdir()
            try:
                yield scratch
            finally:
                shutil.rmtree(scratch, ignore_errors=True)
    except OSError as error:
        raise BrokerError(
            f"Expected to write the jars of Kafka {KAFKA_VERSION} to {folder}. {error}. Make room there, or set "
            f"XDG_CACHE_HOME to another folder."
        ) from error


def _download(jars: tuple[Jar, ...], scratch: Path, folder: Path) -> None:
    from jgo.config import GlobalSettings
    from jgo.maven import MavenContext
    from requests import RequestException

    context = MavenContext(repo_cache=scratch, timeout=_TIMEOUT_SECONDS)
    context.remote_repos |= GlobalSettings.load().repositories  # a mirror is the user's setting of jgo
    pool = ThreadPoolExecutor(_THREADS)
    try:
        for jar, path in zip(jars, pool.map(lambda jar: _download_one(context, jar), jars), strict=True):
            os.replace(path, folder / jar.file_name)
    except (RequestException, RuntimeError) as error:
        raise BrokerError(_describe_unreachable(error)) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _download_one(context: "MavenContext", jar: Jar) -> Path:
    from requests import ConnectTimeout, RequestException

    artifact = context.project(jar.group, jar.artifact).at_version(jar.version).artifact()
    for attempts_left in reversed(range(_ATTEMPTS)):
        _forget(artifact.cached_path)
        try:
            path = Path(artifact.resolve())
        except ConnectTimeout:
            raise  # nobody there: waiting as long again would tell nothing new
        except RequestException:
            if not attempts_left:
                raise
            time.sleep(_PAUSE_SECONDS)
            continue
        if (received := _sha256(path)) == jar.sha256:  # a broken connection leaves a short file, and jgo takes it
            return path
    raise BrokerError(
        f"Expected {jar.file_name} with SHA-256 {jar.sha256}, received {received} from the registry, {_ATTEMPTS} "
        f"times. Check the mirror or proxy that answers for it."
    )


def _forget(path: Path | None) -> None:
    """Remove the rest of an attempt that broke; jgo would take it for the jar."""
    if path is not None:
        path.unlink(missing_ok=True)


def _sha256(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None
    except OSError:
        return ""  # there, but unreadable: no content that the lock knows


def name_jars(jars: tuple[Jar, ...], most: int = 5) -> str:
    """File names for a message, the first few of many."""
    named = ", ".join(jar.file_name for jar in jars[:most])
    return named if len(jars) <= most else f"{named} and {len(jars) - most} more"


def _describe_different(folder: Path, different: tuple[Jar, ...]) -> str:
    return (
        f"Expected the jars of Kafka {KAFKA_VERSION} in {folder} as locked, found another content in "
        f"{name_jars(different)}. "
        f"Nothing was started. `vigia broker fetch` replaces what differs."
    )


def _describe_unreachable(error: Exception) -> str:
    return (
        f"Expected the jars of Kafka {KAFKA_VERSION} from the Java registry, received {str(error)[:300]}. "
        f"Two ways out: set VIGIA_KAFKA_BOOTSTRAP to a broker that runs, or run `vigia broker bundle kafka.tar` on a "
        f"machine that reaches the registry and `vigia broker fetch --from kafka.tar` here."
    )
