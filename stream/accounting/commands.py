"""`vigia frames`: where every frame is, and whether that adds up."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.terminal import JsonOption, print_json

if TYPE_CHECKING:
    from collections.abc import Mapping

frames_app = typer.Typer(rich_markup_mode=None)


@frames_app.command()
def frames(
    verify: Annotated[
        bool, typer.Option("--verify", help="Count the rows themselves instead of trusting the ledger.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Show where every frame is, by partition; exit 1 when that does not add up."""
    from pipelines.settings import load_settings
    from stream.accounting.reconciliation import reconcile
    from stream.commands import known_bootstrap
    from stream.store import PredictionStore

    settings = load_settings()
    store = PredictionStore(settings.resolve_database_url())
    document = reconcile(known_bootstrap(settings.resolve_kafka_bootstrap()), store, verify=verify)
    if json:
        print_json(document)
    else:
        print_groups(document)
    if not document["adds_up"]:
        faults = "; ".join(fault for group in document["groups"].values() for fault in group["faults"])
        sys.exit(f"error: expected every frame that was produced to be somewhere, found otherwise: {faults}.")


def print_groups(document: "Mapping[str, Any]") -> None:
    """A table and the equation for each consumer group, on stdout."""
    for name, group in document["groups"].items():
        if len(document["groups"]) > 1:
            print(f"consumer group {name}")
        terms = [
            key
            for key in ("produced", "stored", "dead", "dropped", "skipped", "expired", "in_flight")
            if key not in ("skipped", "expired") or group[key]
        ]
        row = "{:>9}" + " {:>12}" * len(terms)
        print(row.format("partition", *(term.replace("_", " ") for term in terms)))
        for partition in group["partitions"]:
            print(row.format(partition["partition"], *(f"{partition[term]:,}" for term in terms)))
        print(group["equation"])
