"""`vigia doctor`: what this machine and workspace need, looked at one by one. Nothing is started or changed."""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from deploy.ports import CONTROLLER, describe_owner, is_free
from deploy.versions import describe_wrong_versions
from pipelines.errors import BrokerError
from pipelines.settings import DEFAULT_PORTS, Endpoints, Settings, is_listening
from stream.broker.embedded import answers, inspect_embedded_kafka, java_version

_GIB: Final = 1024**3
MIN_DISK_BYTES: Final = 2 * _GIB
MIN_MEMORY_BYTES: Final = 3 * _GIB // 2
"""The stack's 0.8 GB and a training beside it."""
WORKSPACE_FILES: Final = ("params.yaml", "dvc.yaml")
_SCHEME_PORTS: Final = {"http": 80, "https": 443, "postgresql": 5432, "postgres": 5432}
_TIMEOUT_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True)
class Check:
    """One finding."""

    name: str
    ok: bool
    detail: str
    mend: str = ""
    """What to do; empty when there is nothing to do."""


def run_checks(settings: Settings, workspace: Path) -> list[Check]:
    """Every check, in the order in which a person would mend what they find."""
    return [
        check_python(sys.version_info[:2]),
        check_versions(),
        check_disk(settings),
        check_memory(),
        check_workspace(workspace),
        check_git(workspace),
        check_dvc(workspace),
        check_ports(settings),
        check_java(settings),
        check_jars(settings),
        check_weights(settings),
        check_kafka(settings),
        check_database(settings),
        check_service("mlflow", "MLFLOW_TRACKING_URI", settings.mlflow_tracking_uri, may_be_a_file=True),
        check_service("prefect", "PREFECT_API_URL", settings.prefect_api_url),
    ]


def check_python(version: tuple[int, ...]) -> Check:
    said = ".".join(str(part) for part in version)
    fits = (3, 11) <= version < (3, 14)
    return Check("python", fits, f"Python {said}", "" if fits else "Install Python 3.11 to 3.13, then `make install`.")


def check_versions() -> Check:
    wrong = describe_wrong_versions()
    detail = "; ".join(wrong) or "every library is within the project's ranges"
    return Check("versions", not wrong, detail, "`make install` brings the locked versions." if wrong else "")


def check_disk(settings: Settings) -> Check:
    folder = next(path for path in (settings.state, *settings.state.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    fits = free >= MIN_DISK_BYTES
    mend = "" if fits else f"Make room to {MIN_DISK_BYTES / _GIB:.0f} GiB, or set VIGIA_HOME to another disk."
    return Check("disk", fits, f"{free / _GIB:.1f} GiB free at {folder}", mend)


def check_memory() -> Check:
    import psutil

    free = psutil.virtual_memory().available
    fits = free >= MIN_MEMORY_BYTES
    mend = "" if fits else f"Close programs until {MIN_MEMORY_BYTES / _GIB:.1f} GiB are free."
    return Check("memory", fits, f"{free / _GIB:.1f} GiB available", mend)


def check_workspace(workspace: Path) -> Check:
    missing = [name for name in WORKSPACE_FILES if not (workspace / name).is_file()]
    if not missing:
        return Check("workspace", True, str(workspace))
    mend = "Run vigia in the folder of your clone, or bring the file back with `git checkout`."
    return Check("workspace", False, f"{workspace} has no {', '.join(missing)}", mend)


def check_git(workspace: Path) -> Check:
    git = shutil.which("git")
    if git is None:
        return Check("git", False, "no git on the PATH", "Install git.")
    done = subprocess.run(
        [git, "rev-parse", "--show-toplevel"], cwd=workspace, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        return Check("git", False, f"{workspace} is in no git repository", "`git init`, or work in a clone.")
    return Check("git", True, f"repository {done.stdout.strip()}")


def check_dvc(workspace: Path) -> Check:
    from importlib.util import find_spec

    if find_spec("dvc") is None:
        return Check("dvc", False, "dvc is not installed beside vigia", "`make install`.")
    if not any((folder / ".dvc").is_dir() for folder in (workspace, *workspace.parents)):
        return Check("dvc", False, f"{workspace} has no .dvc folder", "`dvc init` in your clone.")
    return Check("dvc", True, "installed and initialised")


def check_ports(settings: Settings) -> Check:
    if settings.ports == "auto":
        return Check("ports", True, "chosen among free ones (VIGIA_PORTS=auto)")
    ours = Endpoints.load(settings.endpoints_file)
    if ours and ours.host == settings.host and is_listening(ours.dashboard_url):
        return Check("ports", True, "taken by the running stack of this workspace")
    taken = describe_taken_ports(settings.host, needed_ports(settings))
    mend = "Stop the other program, or set VIGIA_PORTS=auto." if taken else ""
    return Check("ports", not taken, "; ".join(taken) or f"free on {settings.host}", mend)


def needed_ports(settings: Settings) -> dict[str, int]:
    """Service -> port of those that `vigia up` would start here."""
    elsewhere = {
        "kafka": settings.kafka_bootstrap,
        "mlflow": settings.mlflow_tracking_uri,
        "prefect": settings.prefect_api_url,
    }
    ports = {**DEFAULT_PORTS, CONTROLLER: DEFAULT_PORTS["kafka"] + 1}
    return {name: port for name, port in ports.items() if not elsewhere.get(name.partition(" ")[0])}


def describe_taken_ports(host: str, ports: Mapping[str, int]) -> list[str]:
    return [
        f"{port} ({name}) is taken{describe_owner(port)}" for name, port in ports.items() if not is_free(host, port)
    ]


def check_java(settings: Settings) -> Check:
    if settings.kafka_bootstrap:
        return Check("java", True, "not needed: VIGIA_KAFKA_BOOTSTRAP is set")
    try:
        return Check("java", True, java_version())
    except BrokerError as error:
        return Check("java", False, str(error), "`make install` brings Java for the embedded Kafka.")


def check_jars(settings: Settings) -> Check:
    if settings.kafka_bootstrap:
        return Check("kafka-jars", True, "not needed: VIGIA_KAFKA_BOOTSTRAP is set")
    findings = inspect_embedded_kafka()
    if findings.different:
        names = ", ".join(jar.file_name for jar in findings.different)
        return Check("kafka-jars", False, f"not the locked content: {names}", "`vigia broker fetch` replaces them.")
    if findings.missing:
        mend = "The first start fetches them; `vigia broker fetch` does it now, or takes them from a bundle."
        return Check("kafka-jars", True, f"{len(findings.missing)} not fetched yet", mend)
    return Check("kafka-jars", True, "all there, every SHA-256 as locked")


def check_weights(settings: Settings) -> Check:
    folder = settings.weights_dir
    if folder is None:
        return Check("weights", True, "VIGIA_WEIGHTS_DIR is not set")
    if not folder.is_dir():
        mend = "Create the folder, or correct VIGIA_WEIGHTS_DIR."
        return Check("weights", False, f"VIGIA_WEIGHTS_DIR names {folder}, which is no folder", mend)
    files = sorted(path.name for path in folder.iterdir() if path.is_file())
    mend = "" if files else "Put the weights there, or unset VIGIA_WEIGHTS_DIR."
    return Check("weights", bool(files), f"{len(files)} files in {folder}", mend)


def check_kafka(settings: Settings) -> Check:
    bootstrap = settings.kafka_bootstrap
    if not bootstrap:
        return Check("kafka", True, "the embedded one that `vigia up` starts")
    reached = answers(bootstrap, _TIMEOUT_SECONDS)
    said = "answers" if reached else "gives no ApiVersions answer"
    return Check("kafka", reached, f"{bootstrap} {said}", "" if reached else _mend("VIGIA_KAFKA_BOOTSTRAP"))


def check_database(settings: Settings) -> Check:
    url = settings.database_url
    if not url:
        return Check("database", True, "the SQLite file under VIGIA_HOME")
    scheme = _scheme(url)
    if scheme not in ("sqlite", "postgresql"):
        mend = "Set VIGIA_DATABASE_URL to postgresql+psycopg://... or sqlite:///..., or unset it."
        return Check("database", False, f"expected sqlite or postgresql, received {scheme or 'no scheme'!r}", mend)
    return check_service("database", "VIGIA_DATABASE_URL", url, may_be_a_file=True)


def check_service(name: str, variable: str, url: str | None, *, may_be_a_file: bool = False) -> Check:
    """Whether something listens where the variable points; only host and port are shown, never a password."""
    if not url:
        return Check(name, True, "the one that `vigia up` starts")
    scheme = _scheme(url)
    if may_be_a_file and scheme in ("", "sqlite", "file"):
        return Check(name, True, f"{variable} names a file of this machine")
    try:
        parts = urlsplit(url)
        host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname
        address = f"{host}:{parts.port or _SCHEME_PORTS[scheme]}"
    except (KeyError, ValueError):
        return Check(name, False, f"{variable} has no usable scheme, host and port", _mend(variable))
    reached = is_listening(f"tcp://{address}", _TIMEOUT_SECONDS)
    said = "is reachable" if reached else "cannot be reached"
    return Check(name, reached, f"{address} {said}", "" if reached else _mend(variable))


def _scheme(url: str) -> str:
    """`postgresql` of `postgresql+psycopg://...`; empty where there is none."""
    scheme, separator, _ = url.partition(":")
    return scheme.partition("+")[0].lower() if separator else ""


def _mend(variable: str) -> str:
    return f"Start that service, or correct or unset {variable}."
