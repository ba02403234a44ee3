"""Where dataset versions are kept beside this workspace: DVC's remote, a folder by default, S3 by setting."""

import json
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipelines.datasets.dvc import run_dvc
from pipelines.datasets.objects import read_dvc_config
from pipelines.errors import SettingsError
from pipelines.settings import Settings

OUR_REMOTE: Final = "vigia"
S3_PREFIX: Final = "s3://"
FETCH_SECONDS: Final = 600
"""For a few dozen objects, from anywhere."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Remote:
    """A place that DVC pushes to and fetches from."""

    name: str
    """In DVC's configuration."""
    url: str
    """A folder, or an address such as `s3://bucket/prefix`."""
    endpoint: str | None = None
    """Of an S3 that is not Amazon's."""


def decide_remote(settings: Settings, config: Mapping[str, Mapping[str, str]]) -> Remote:
    """VIGIA_DATA_REMOTE, else the default remote of .dvc/config, else a folder below the home.

    Raises SettingsError for an address that is neither a folder nor S3.
    """
    if settings.data_remote:
        return Remote(OUR_REMOTE, _check_url(settings.data_remote), settings.data_remote_endpoint)
    configured = config.get("core", {}).get("remote", OUR_REMOTE)
    if configured != OUR_REMOTE:
        return Remote(configured, config.get(_section(configured), {}).get("url", ""))
    return Remote(OUR_REMOTE, str(settings.state / "remote"))


def find_remote(workspace: Path, settings: Settings) -> Remote:
    """The remote, without telling DVC of it."""
    return decide_remote(settings, read_dvc_config(workspace))


def connect_remote(workspace: Path, settings: Settings) -> Remote:
    """The remote, told to DVC in .dvc/config.local with `verify` on; one that is configured by hand stays as it is."""
    config = read_dvc_config(workspace)
    remote = decide_remote(settings, config)
    wanted = {"url": remote.url, "verify": "true"} | ({"endpointurl": remote.endpoint} if remote.endpoint else {})
    if remote.name == OUR_REMOTE and config.get(_section(OUR_REMOTE)) != wanted:
        run_dvc(workspace, "remote", "add", "--local", "--force", OUR_REMOTE, remote.url)
        for option, value in wanted.items():
            if option != "url":
                run_dvc(workspace, "remote", "modify", "--local", OUR_REMOTE, option, value)
    return remote


def fetch_objects(
    workspace: Path, hashes: Collection[str], settings: Settings, tell: Tell = lambda line: None
) -> frozenset[str]:
    """Bring single objects into the cache, such as the list of files of an old version; those that came.

    A remote that is away or lacks them is told and no error.
    """
    remote = find_remote(workspace, settings)
    if not hashes or (not remote.endpoint and "://" not in remote.url and not Path(remote.url).is_dir()):
        return frozenset()  # nothing was ever pushed
    remote = connect_remote(workspace, settings)
    refused = probe_objects(workspace, remote, hashes, fetch=True)
    if refused:
        tell(f"{len(refused):,} objects did not come from {remote.url}: {next(iter(refused.values()))}")
    return frozenset(hashes) - refused.keys()


def probe_objects(workspace: Path, remote: Remote, hashes: Collection[str], *, fetch: bool) -> dict[str, str]:
    """What is wrong with each object on the remote, in words; nothing is said of those that are whole.

    With `fetch`, whole ones are put into the cache.
    """
    request = {"remote": remote.name, "hashes": sorted(hashes), "fetch": fetch}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pipelines.datasets.fetching"],
            cwd=workspace,
            input=json.dumps(request),
            capture_output=True,
            text=True,
            check=False,
            timeout=FETCH_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return dict.fromkeys(hashes, f"no answer within {FETCH_SECONDS} s")
    if done.returncode != 0:
        return dict.fromkeys(hashes, " ".join(done.stderr.strip().splitlines()[-1:]) or "no answer")
    answer: dict[str, str] = json.loads(done.stdout)
    return answer


def _check_url(text: str) -> str:
    if text.startswith(S3_PREFIX) and len(text) > len(S3_PREFIX):
        return text.rstrip("/")
    if "://" in text:
        raise SettingsError(
            f"Expected a folder or s3://bucket/prefix in VIGIA_DATA_REMOTE, received {text!r}. Correct the variable."
        )
    return str(Path(text).expanduser().absolute())


def _section(name: str) -> str:
    return f"'remote \"{name}\"'"
