"""Commands about data, one module a topic: `vigia data ...`."""

import typer

from pipelines.data_commands.auditing import audit
from pipelines.data_commands.downloading import download
from pipelines.data_commands.drawing import sample
from pipelines.data_commands.history import diff, versions
from pipelines.data_commands.importing import import_pictures
from pipelines.data_commands.keeping import pull, push
from pipelines.data_commands.relabelling import relabel

data_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Datasets: draw a sample, import pictures.")
data_app.command("sample")(sample)
data_app.command("import")(import_pictures)
data_app.command("audit")(audit)
data_app.command("download")(download)
data_app.command("versions")(versions)
data_app.command("diff")(diff)
data_app.command("relabel")(relabel)
data_app.command("push")(push)
data_app.command("pull")(pull)
