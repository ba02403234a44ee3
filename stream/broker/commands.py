"""`vigia broker`: the jars of the embedded Kafka, fetched or carried over, and the partitions of the frames topic."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.terminal import JsonOption, print_json, say

broker_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="The embedded Kafka's jars; the frames' partitions."
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


@broker_app.command()
def partitions(
    count: Annotated[int, typer.Argument(min=1, max=1000, help="How many the frames topic has afterwards.")],
    json: JsonOption = False,
) -> None:
    """Give the frames topic more partitions: as many workers can share it. Nothing needs a restart."""
    from pipelines.settings import load_settings
    from stream.broker.partitions import raise_partitions
    from stream.commands import known_bootstrap

    before = raise_partitions(known_bootstrap(load_settings().resolve_kafka_bootstrap()), count)
    say(f"{before} partitions before, {count} now; workers and cameras see them within ten seconds.")
    if json:
        print_json({"before": before, "partitions": count})
