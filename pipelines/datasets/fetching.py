"""Single objects from a DVC remote into the cache: a process of its own, for DVC and its S3 raise what they like.

`python -m pipelines.datasets.fetching` in the workspace reads `{"remote", "hashes", "fetch"}` as JSON from stdin and
writes hash -> what is wrong with it.
"""

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from pipelines.datasets.objects import LISTING_SUFFIX, find_cache, hash_file, object_path

READ_ONLY = 0o444


def probe(workspace: Path, remote: str, hashes: list[str], *, fetch: bool) -> dict[str, str]:
    """Read each object and compare it with its name; keep whole ones where `fetch` says so."""
    from dvc.repo import Repo

    cache = find_cache(workspace)
    cache.mkdir(parents=True, exist_ok=True)
    wrong = {}
    with Repo(str(workspace)) as repo, tempfile.TemporaryDirectory(dir=cache, prefix="fetching-") as folder:
        store = repo.cloud.get_remote_odb(remote)
        for md5 in hashes:
            came = Path(folder, md5)
            problem = _read(store, md5, came)
            if problem:
                wrong[md5] = problem
            elif fetch:
                _keep(came, object_path(cache, md5))
    return wrong


def _read(store: Any, md5: str, into: Path) -> str | None:
    try:
        store.fs.get_file(store.oid_to_path(md5), str(into))
    except FileNotFoundError:
        return "not there"
    return None if hash_file(into) == md5.removesuffix(LISTING_SUFFIX) else "damaged"


def _keep(came: Path, place: Path) -> None:
    place.parent.mkdir(exist_ok=True)
    came.chmod(READ_ONLY)
    os.replace(came, place)


if __name__ == "__main__":
    request = json.load(sys.stdin)
    answer = probe(Path.cwd(), request["remote"], request["hashes"], fetch=request["fetch"])
    json.dump(answer, sys.stdout)
