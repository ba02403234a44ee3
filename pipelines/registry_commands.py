"""`vigia models`, `promote` and `rollback`: the registry in a table, and its aliases moved by hand."""

from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from pipelines.terminal import JsonOption, print_json, say

if TYPE_CHECKING:
    from pipelines.registry import ModelVersion, Registry


class ModelsGroup(TyperGroup):
    """`vigia models [CLASSIFIER]` lists; another command's name as the first word is that command."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] != "--help"):
            args = ["list", *args]
        return super().parse_args(ctx, args)


registry_app = typer.Typer(rich_markup_mode=None)
models_app = typer.Typer(cls=ModelsGroup, rich_markup_mode=None)
registry_app.add_typer(models_app, name="models")


@models_app.callback()
def models() -> None:
    """Every model version with its aliases and figures; `vigia models CLASSIFIER` is short for `list CLASSIFIER`."""


@models_app.command("list")
def list_models(
    classifier: Annotated[str | None, typer.Argument(help="Only this classifier.")] = None, as_json: JsonOption = False
) -> None:
    """Every model version with its aliases and figures, newest first."""
    from pipelines.registry import open_registry
    from pipelines.settings import load_settings

    registry = open_registry(load_settings())
    names = [classifier] if classifier else registry.classifiers()
    rows = [describe_version(registry, version) for name in names for version in registry.versions(name)]
    if as_json:
        print_json(rows)
        return
    if not rows:
        say("No model version yet. Train one with `vigia train cars`.")
    for row in rows:
        accuracy = row["metrics"].get("accuracy")
        figure = "-" if accuracy is None else f"{accuracy:.3f}"
        made, aliases = f"{row['created_at']:%Y-%m-%d %H:%M}", ", ".join(row["aliases"])
        print(f"{row['classifier']:14} {row['version']:>4}  {figure:>6}  {made}  {aliases}")


@registry_app.command()
def promote(
    classifier: Annotated[str, typer.Argument(help="A registered classifier.")],
    version: Annotated[int, typer.Argument(min=1, help="The version that shall serve.")],
) -> None:
    """Make a version production; the one that served becomes previous."""
    from pipelines.registry import open_registry
    from pipelines.registry import promote as move
    from pipelines.settings import load_settings

    before = move(open_registry(load_settings()), classifier, version)
    say(f"{classifier}: version {version} is production, before it {before or 'none'}")


@registry_app.command()
def rollback(classifier: Annotated[str, typer.Argument(help="A registered classifier.")]) -> None:
    """Swap production and previous."""
    from pipelines.registry import open_registry, roll_back
    from pipelines.settings import load_settings

    was, now = roll_back(open_registry(load_settings()), classifier)
    say(f"{classifier}: version {now} is production again, version {was} is previous")


def describe_version(registry: "Registry", version: "ModelVersion") -> dict[str, Any]:
    """One row of `vigia models --json`."""
    return {
        "classifier": version.classifier,
        "version": version.version,
        "aliases": list(version.aliases),
        "metrics": registry.metrics(version),
        "dataset_md5": version.tags.get("vigia.dataset.md5"),
        "git_commit": version.tags.get("vigia.git.commit"),
        "created_at": version.created_at,
    }
