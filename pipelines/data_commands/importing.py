"""`vigia data import`."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.data_commands.telling import tell_change
from pipelines.terminal import JsonOption, say


def import_pictures(
    path: Annotated[Path, typer.Argument(help="Folder of pictures.")],
    classifier: Annotated[str, typer.Option(help="Name of the classifier they are for; a new one is made.")],
    layout: Annotated[str, typer.Option(help="How the folder is laid out: auto or class_folders.")] = "auto",
    commit: Annotated[bool, typer.Option("--commit", help="Commit the new dataset version.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Copy pictures into data/raw/NAME, tracked by DVC: a new dataset version."""
    from pipelines.datasets.importing import check_layout, import_dataset
    from pipelines.settings import find_workspace

    workspace = find_workspace()
    say(f"importing {path} as {classifier}")
    change = import_dataset(workspace, path, classifier, check_layout(layout), commit=commit)
    tell_change(change, as_json=as_json)
