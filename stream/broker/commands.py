"""`vigia broker`: the jars of the embedded Kafka, fetched or carried over."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.terminal import JsonOption, print_json, say

broker_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="The embedded Kafka's jars, fetched or carried over."
)


@broker_app.command()
def fetch(
    bundle: Annotated[
        Path | None, typer.Option("--from", metavar="BUNDLE", help="A tar made by `vigia broker bundle` elsewhere.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Fetch the jars of the embedded Kafka, or take them from a bundle; replace each one that differs from the lock."""
    from stream.broker.bundle import read_bundle
    from stream.broker.jars import KAFKA_VERSION, fetch_jars, jars_folder, load_jar_lock

    jars, folder = len(load_jar_lock()), jars_folder()
    say(f"Kafka {KAFKA_VERSION}: checking {jars} jars in {folder}")
    fetched = read_bundle(bundle) if bundle else fetch_jars()
    say(f"Kafka {KAFKA_VERSION}: {fetched} of {jars} jars fetched, all verified")
    if json:
        print_json({"version": KAFKA_VERSION, "jars": jars, "fetched": fetched, "path": str(folder)})


@broker_app.command()
def bundle(
    out: Annotated[Path, typer.Argument(metavar="OUT.tar", help="The tar to write.")],
    json: JsonOption = False,
) -> None:
    """Pack the verified jars into one tar for a machine that cannot reach the registry."""
    from stream.broker.bundle import write_bundle
    from stream.broker.jars import KAFKA_VERSION, load_jar_lock

    write_bundle(out)
    size_bytes = out.stat().st_size
    say(f"{out}: Kafka {KAFKA_VERSION}, {size_bytes / 1e6:.0f} MB. There: vigia broker fetch --from {out.name}")
    if json:
        jars = len(load_jar_lock())
        print_json({"version": KAFKA_VERSION, "jars": jars, "size_bytes": size_bytes, "path": str(out.absolute())})
