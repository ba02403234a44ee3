"""A stack on disk: what its keeper decided, read by the launcher, by `status` and by `logs`."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Service:
    """One supervised process."""

    name: str
    command: tuple[str, ...]
    ready: str
    """How it shows that it is ready: `http://...` answers 200, `kafka://host:port` answers ApiVersions,
    `heartbeat:FILE` is rewritten at least every ten seconds."""
    port: int | None = None
    """Must be free before the command starts."""
    url: str | None = None
    """Where people or programs reach it."""
    needs: tuple[str, ...] = ()
    """Services that must be ready before the command starts."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Added to the stack's environment; holds no secret, for it is written to disk."""
    is_server: bool = False
    """Servers are stopped after everything that talks to them."""


@dataclass(frozen=True, slots=True)
class Stack:
    """One running one-machine stack."""

    state: Path
    workspace: Path
    host: str
    services: tuple[Service, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(service.name for service in self.services)

    def service(self, name: str) -> Service:
        return next(service for service in self.services if service.name == name)


def run_folder(state: Path) -> Path:
    """Plan, records and lock of the running stack."""
    return state / "run"


def logs_folder(state: Path) -> Path:
    return state / "logs"


def plan_file(state: Path) -> Path:
    return run_folder(state) / "stack.json"


def log_file(state: Path, name: str) -> Path:
    return logs_folder(state) / f"{name}.log"


def save_stack(stack: Stack) -> None:
    write_atomically(
        plan_file(stack.state),
        {
            "state": str(stack.state),
            "workspace": str(stack.workspace),
            "host": stack.host,
            "services": [asdict(service) for service in stack.services],
        },
    )


def load_stack(file: Path) -> Stack | None:
    """None when no stack has been planned there."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    services = tuple(
        Service(**{**item, "command": tuple(item["command"]), "needs": tuple(item["needs"])})
        for item in document["services"]
    )
    return Stack(Path(document["state"]), Path(document["workspace"]), document["host"], services)


def write_atomically(file: Path, document: Any) -> None:
    """JSON that a reader sees whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f"{file.name}.{os.getpid()}.partial")
    partial.write_text(json.dumps(document), encoding="utf-8")
    os.replace(partial, file)
