"""Commands about data: `vigia data sample|import`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.registry_commands import registry_app
from pipelines.terminal import JsonOption, print_json, say

if TYPE_CHECKING:
    from pipelines.datasets.versions import DatasetChange

SHOWN_REJECTIONS = 20

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False)
data_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Datasets: draw a sample, import pictures.")
app.add_typer(data_app, name="data")
app.add_typer(registry_app)


@app.callback()
def pipelines() -> None:
    """What happens to data and models."""


@data_app.command("sample")
def sample(
    classifier: Annotated[str, typer.Argument(help="A built-in classifier with a drawn sample: cars.")],
    images: Annotated[int | None, typer.Option(min=1, help="How many; else sample.images of params.yaml.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Same seed, same bytes; else sample.seed.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Draw into this folder, for a camera to play; no dataset is touched.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Draw the offline sample dataset of a built-in classifier."""
    from pipelines.datasets.samples import draw_pictures, draw_sample
    from pipelines.settings import find_workspace

    workspace = find_workspace()
    say(f"drawing the sample of {classifier}")
    if out is None:
        _tell(draw_sample(workspace, classifier, images=images, seed=seed), as_json=as_json)
        return
    drawn = draw_pictures(workspace, classifier, out, images=images, seed=seed)
    say(f"{drawn} pictures in {out}")
    if as_json:
        print_json({"classifier": classifier, "images": drawn, "path": str(out.absolute())})


@data_app.command("import")
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
    _tell(change, as_json=as_json)


def _tell(change: "DatasetChange", *, as_json: bool) -> None:
    if as_json:
        from dataclasses import asdict

        print_json(asdict(change))
        return
    for each in change.rejected[:SHOWN_REJECTIONS]:
        say(f"rejected {each.file}: {each.reason}")
    if len(change.rejected) > SHOWN_REJECTIONS:
        say(f"rejected {len(change.rejected) - SHOWN_REJECTIONS} more; --json lists all")
    if change.added:
        say(f"added {change.added} pictures, {change.duplicates} were there already, {len(change.rejected)} rejected")
    else:
        say(f"nothing changed: all {change.duplicates} pictures were there already, {len(change.rejected)} rejected")
    say(f"{change.path}: {change.images} pictures of {change.classes} classes, version {change.md5}")
    if change.git_commit is None:
        say(f"to keep this version: git add {change.path}.dvc data/raw/.gitignore params.yaml && git commit")
