"""`vigia guard`: what the versions that serve do live, against their limits, and what was decided about them."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.terminal import JsonOption, print_json, say

if TYPE_CHECKING:
    from collections.abc import Mapping

guard_app = typer.Typer(rich_markup_mode=None)


@guard_app.command()
def guard(
    classifier: Annotated[str | None, typer.Argument(help="Only this one.")] = None,
    json: JsonOption = False,
) -> None:
    """Show what every version that serves does live against its limits, and what the guard decided."""
    from pipelines.settings import find_workspace, load_settings
    from stream.guard.telling import describe_guard
    from stream.store import PredictionStore

    settings = load_settings()
    store = PredictionStore(settings.resolve_database_url())
    document = describe_guard(store, settings.state, find_workspace(), classifier)
    if json:
        print_json(document)
        return
    for each in document["classifiers"]:
        print_classifier(each)
    if not document["classifiers"]:
        say("Nothing is watched: no worker has answered a frame yet.")


def print_classifier(each: "Mapping[str, Any]") -> None:
    """Its version, the figures of every worker, and the decisions, newest first."""
    print(
        f"{each['classifier']} version {each['version']}: live since {each['opened_at']:%Y-%m-%d %H:%M:%S} UTC, "
        f"mode {each['mode']}, may be rolled back for {each['probation_minutes']:g} minutes"
    )
    row = "  {:<24} {:<8} {:>7} {:>7}  {}"
    for worker in each["workers"]:
        for rule, figure in worker["figures"].items():
            words = worker["found"].get(rule, "")
            told = f"{'ALARM ' if figure['alarm'] else ''}{figure['words']}{f'; {words}' if words else ''}"
            print(row.format(worker["worker"], rule, f"{figure['value']:.2f}", f"{figure['limit']:g}", told))
        if not worker["figures"]:
            print(row.format(worker["worker"], "-", "-", "-", "too few frames yet"))
    for decision in each["decisions"]:
        moment = f"{decision['at']:%Y-%m-%d %H:%M:%S}" if decision["at"] else "under way"
        print(f"  {moment}  version {decision['version']} {decision['outcome'] or '-'}: {decision['words'] or '-'}")
