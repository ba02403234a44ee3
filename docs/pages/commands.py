"""Commands, from the option parsers that `--help` shows."""

from collections.abc import Iterator
from typing import Any

from docs.pages.markdown import WRITTEN, draw_table


def build_commands_page() -> str:
    import typer

    import vigia

    parts = [
        WRITTEN,
        "# Commands\n",
        "Run them in the clone, as `.venv/bin/vigia` or with `.venv/bin` on the `PATH`. Words and progress go to "
        "stderr; with `--json` stdout holds one JSON document and nothing else. Exit code 0: done; 1: refused or "
        "failed, with one line `error: …` (and the traceback when `VIGIA_DEBUG=1`); 2: wrong usage; 130: Ctrl-C.\n",
    ]
    root = typer.main.get_command(vigia.app)
    for path, command in walk_commands(root, ("vigia",)):
        parts.append(f"## {' '.join(path)}\n")
        parts.append(f"{' '.join((command.help or '').split())}\n")
        rows = [describe_parameter(each) for each in command.params if each.name != "help"]
        if rows:
            parts.append(draw_table(("argument or option", "what it is", "default"), rows))
    return "\n".join(parts)


def walk_commands(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command that does something, with the words that call it."""
    if not hasattr(command, "list_commands"):
        yield path, command
        return
    context = command.make_context(path[-1], [], resilient_parsing=True)
    for name in command.list_commands(context):
        yield from walk_commands(command.get_command(context, name), (*path, name))


def describe_parameter(parameter: Any) -> tuple[str, str, str]:
    if parameter.param_type_name == "argument":
        metavar = (parameter.metavar or parameter.name.upper()).removesuffix("...")
        name = f"`{metavar}{'...' if parameter.nargs == -1 else ''}`"
    else:
        name = ", ".join(f"`{text}`" for text in (*parameter.opts, *parameter.secondary_opts))
    default = parameter.default
    told = not (default is None or isinstance(default, bool) or default == () or parameter.required)
    return name, parameter.help or "", f"`{default}`" if told else "required" if parameter.required else ""
