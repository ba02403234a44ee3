"""`vigia data import`."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.data_commands.telling import printable, tell_change
from pipelines.terminal import JsonOption, say


def import_pictures(
    path: Annotated[Path, typer.Argument(help="Folder of pictures, a table (.csv, .parquet) or a .tar of WebDataset.")],
    classifier: Annotated[str, typer.Option(help="Name of the classifier they are for; a new one is made.")],
    layout: Annotated[
        str,
        typer.Option(
            help="How they are laid out: auto, class_folders, table, webdataset, compcars, stanford_cars, "
            "kaggle_cats_dogs, lfw, simpsons or celebrities."
        ),
    ] = "auto",
    replace: Annotated[
        bool, typer.Option("--replace", help="Make the dataset exactly these pictures, instead of adding them.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Change nothing; say what would be added, removed, renamed.")
    ] = False,
    min_pictures: Annotated[int, typer.Option(min=1, help="Leave out new classes with fewer pictures.")] = 1,
    commit: Annotated[bool, typer.Option("--commit", help="Commit the new dataset version.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Copy pictures into data/raw/NAME, tracked by DVC: a new dataset version."""
    from pipelines.datasets.importing import import_dataset
    from pipelines.settings import find_workspace

    workspace = find_workspace()
    say(f"importing {printable(str(path))} as {classifier}")
    change = import_dataset(
        workspace,
        path,
        classifier,
        layout,
        replace=replace,
        dry_run=dry_run,
        min_pictures=min_pictures,
        commit=commit,
        tell=lambda line: say(printable(line)),
    )
    tell_change(change, as_json=as_json)
