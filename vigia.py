"""The command `vigia`: composes the folders, holds no rule of its own, and imports them only when asked."""

import importlib
import os
import sys
from contextlib import AbstractContextManager
from typing import Any

import typer
from typer.core import TyperGroup

COMMANDS = {
    "demo": "deploy.commands",
    "up": "deploy.commands",
    "down": "deploy.commands",
    "status": "deploy.commands",
    "logs": "deploy.commands",
    "scale": "deploy.commands",
    "doctor": "deploy.commands",
    "data": "pipelines.commands",
    "train": "flows.commands",
    "tune": "pipelines.commands",
    "evaluate": "pipelines.commands",
    "compare": "pipelines.commands",
    "classify": "pipelines.commands",
    "models": "pipelines.commands",
    "promote": "pipelines.commands",
    "rollback": "pipelines.commands",
    "reproduce": "pipelines.commands",
    "export": "pipelines.commands",
    "camera": "stream.commands",
    "cameras": "stream.commands",
    "worker": "stream.commands",
    "dead-letters": "stream.commands",
    "frames": "stream.commands",
    "kept": "stream.commands",
    "broker": "stream.commands",
    "trace": "stream.commands",
    "guard": "stream.commands",
    "challenge": "stream.commands",
    "shadow": "stream.commands",
    "replay-window": "stream.commands",
    "bench": "stream.commands",
}

ADDED = {"bench": "dashboard.bench.commands"}
"""Groups to which a folder that theirs cannot import adds commands."""


class LazyGroup(TyperGroup):
    """Imports a folder's commands only when one of them is called or listed."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name])
        command: Any = typer.main.get_group(module.app).get_command(ctx, cmd_name)
        if cmd_name in ADDED:
            added = importlib.import_module(ADDED[cmd_name])
            command.commands.update(typer.main.get_group(added.app).commands)
        return command


app = typer.Typer(
    cls=LazyGroup, no_args_is_help=True, rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False
)


@app.callback()
def vigia(ctx: typer.Context) -> None:
    """Vigía: a folder of labelled pictures becomes live, trustworthy predictions on camera frames."""
    ctx.obj = start_service


def start_service(name: str) -> AbstractContextManager[str]:
    """What a folder's command may need of `deploy`, which it cannot import: one service, as long as it is used."""
    from deploy.alone import run_service
    from pipelines.settings import load_settings

    return run_service(load_settings(), name)


def main() -> None:
    """Run the command. Exit 0 done, 1 refused or failed, 2 wrong usage, 130 on Ctrl-C."""
    from pipelines.errors import VigiaError

    try:
        app(prog_name="vigia")
    except VigiaError as error:
        if os.environ.get("VIGIA_DEBUG") == "1":
            raise
        sys.exit(f"error: {' '.join(str(error).split())}")


if __name__ == "__main__":
    main()
