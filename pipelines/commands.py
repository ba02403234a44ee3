"""Commands of this folder: data and the registry."""

import typer

from pipelines.classify_commands import classify_app
from pipelines.data_commands import data_app
from pipelines.evaluation_commands import evaluation_app
from pipelines.export_commands import export_app
from pipelines.model_commands import import_own_model
from pipelines.rebuild_commands import rebuild_app
from pipelines.registry_commands import models_app, registry_app
from pipelines.tuning_commands import tuning_app

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, add_completion=False)
app.add_typer(data_app, name="data")
models_app.command("import")(import_own_model)
app.add_typer(registry_app)
app.add_typer(rebuild_app)
app.add_typer(tuning_app)
app.add_typer(evaluation_app)
app.add_typer(export_app)
app.add_typer(classify_app)


@app.callback()
def pipelines() -> None:
    """What happens to data and models."""
