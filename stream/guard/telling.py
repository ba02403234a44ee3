"""What `vigia guard` shows: from the store what every worker shares, from the heartbeats what each one sees."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pipelines.errors import WorkspaceError
from pipelines.params import load_params
from pipelines.stage_params import ClassifierParams
from stream.guard.watches import read_verdicts, read_watches
from stream.store import PredictionStore

HEARTBEAT_SECONDS: Final = 10.0


def describe_guard(store: PredictionStore, state: Path, workspace: Path, classifier: str | None) -> dict[str, Any]:
    """The document of `vigia guard --json`.

    Raises StoreError, and WorkspaceError for a classifier that is not watched.
    """
    if not store.has_table("guard_watches"):
        return {"classifiers": []}
    watches = read_watches(store)
    names = [each["classifier"] for each in watches]
    if classifier is not None and classifier not in names:
        raise WorkspaceError(
            f"Expected a classifier that serves ({', '.join(names) or 'none does yet'}), received {classifier!r}. "
            "Correct the name, or look at `vigia models`."
        )
    params, beats = load_params(workspace).classifiers, read_heartbeats(state)
    return {
        "classifiers": [
            describe_watch(each, params.get(each["classifier"], ClassifierParams()), beats, store)
            for each in watches
            if classifier in (None, each["classifier"])
        ]
    }


def describe_watch(
    watch: Mapping[str, Any], params: ClassifierParams, beats: Mapping[str, Any], store: PredictionStore
) -> dict[str, Any]:
    name = watch["classifier"]
    seen = {worker: beat[name] for worker, beat in beats.items() if name in beat}
    return {
        "classifier": name,
        "version": watch["version"],
        "activation": watch["activation"],
        "opened_at": watch["opened_at"],
        "mode": params.guard.mode,
        "probation_minutes": params.guard.probation_minutes,
        "workers": [{"worker": worker, **told} for worker, told in seen.items() if told["version"] == watch["version"]],
        "decisions": [
            {
                "at": verdict["done_at"],
                "version": verdict["version"],
                "kind": verdict["kind"],
                "outcome": verdict["outcome"],
                "by": verdict["claimed_by"],
                "words": verdict["words"],
                "figures": verdict["figures"] or [],
            }
            for verdict in read_verdicts(store, name)
        ],
    }


def read_heartbeats(state: Path) -> dict[str, Mapping[str, Any]]:
    """What the guards of this machine's live workers see, by worker."""
    found = {}
    for file in sorted((state / "workers").glob("*.json")):
        try:
            if time.time() - file.stat().st_mtime <= HEARTBEAT_SECONDS:
                found[f"worker-{file.stem}"] = json.loads(file.read_text(encoding="utf-8")).get("guard") or {}
        except (OSError, ValueError):
            continue  # it ends, or is being written
    return found
