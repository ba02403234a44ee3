"""Commands of this folder: data and the registry."""

import typer

from pipelines.classify_commands import classify_app
from pipelines.data_commands import data_app
from pipelines.evaluation_commands import evaluation_app
from pipelines.registry_commands import registry_app
from pipelines.tuning_commands import tuning_app

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False)
app.add_typer(data_app, name="data")
app.add_typer(registry_app)
app.add_typer(tuning_app)
app.add_typer(evaluation_app)
app.add_typer(classify_app)


@app.callback()
def pipelines() -> None:
    """What happens to data and models."""
