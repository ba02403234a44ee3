"""Commands about data, one module a topic: `vigia data ...`."""

import typer

from pipelines.data_commands.drawing import sample
from pipelines.data_commands.importing import import_pictures

data_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Datasets: draw a sample, import pictures.")
data_app.command("sample")(sample)
data_app.command("import")(import_pictures)
