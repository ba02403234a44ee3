"""`vigia data relabel`."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.data_commands.telling import printable, tell_change
from pipelines.terminal import JsonOption, say


def relabel(
    classifier: Annotated[str, typer.Argument(help="A classifier with a dataset in this workspace.")],
    reviews: Annotated[
        Path, typer.Option("--from", help="Reviewed CSV: sha256, label (a class folder, or drop) and maybe reason.")
    ],
    reason: Annotated[str, typer.Option(help="Why; for rows without a reason, and for the commit.")] = "",
    allow_new_class: Annotated[
        bool, typer.Option("--allow-new-class", help="Take a label that no class has for a new class.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing; say what would become of it.")] = False,
    commit: Annotated[bool, typer.Option("--commit", help="Commit the new dataset version.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Apply reviewed labels as a new dataset version: all of them, or none."""
    from pipelines.datasets.relabelling import relabel_dataset
    from pipelines.settings import find_workspace

    change = relabel_dataset(
        find_workspace(),
        classifier,
        reviews,
        reason=reason,
        allow_new_class=allow_new_class,
        dry_run=dry_run,
        commit=commit,
    )
    for word, names in (("new", change.added_classes), ("gone", change.removed_classes)):
        if names:
            say(printable(f"classes that {'would be' if dry_run else 'are'} {word}: {', '.join(names)}"))
    tell_change(change, as_json=as_json)
