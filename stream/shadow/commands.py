"""`vigia challenge`, `vigia shadow report`, and what `vigia worker --role shadow` runs."""

import sys
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

from pipelines.terminal import JsonOption, print_json, say

shadow_app = typer.Typer(rich_markup_mode=None)
report_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="What challengers answered beside production."
)
shadow_app.add_typer(report_app, name="shadow")


@report_app.callback()
def shadow() -> None: ...


def run_shadow_here(slot: int, *, only: Sequence[str] | None) -> NoReturn:
    """In the foreground, until a signal."""
    if only:
        raise typer.BadParameter("a shadow answers for every challenger", param_hint="--classifier")
    from stream.shadow.priority import lower_priority

    writer = lower_priority()  # before the first import that takes time
    from pipelines.client_lookup import choose_lookup, open_client_registry
    from pipelines.inference import load_classifier
    from pipelines.settings import find_workspace, load_settings
    from stream.commands import known_bootstrap
    from stream.logs import configure_logs
    from stream.models.trial import try_version
    from stream.shadow.worker import ShadowSetup, run_shadow
    from stream.store import PredictionStore

    settings = load_settings()
    configure_logs(settings.log_format, debug=settings.debug)
    setup = ShadowSetup(
        bootstrap=known_bootstrap(settings.resolve_kafka_bootstrap()),
        state=settings.state,
        slot=slot,
        cameras_file=find_workspace() / "cameras.yaml",
        store=PredictionStore(settings.resolve_database_url()),
        open_lookup=lambda: choose_lookup(settings),
        download=lambda version, into: open_client_registry(settings).download(
            version.classifier, version.version, into
        ),
        try_version=try_version,
        load=load_classifier,
    )
    try:
        code = run_shadow(setup, writer)
    except KeyboardInterrupt:
        code = 130  # while it still waited
    sys.exit(code)


@shadow_app.command()
def challenge(
    classifier: Annotated[str, typer.Argument(help="A registered classifier.")],
    version: Annotated[
        int | None, typer.Argument(min=1, help="The version that shall answer beside production.")
    ] = None,
    none: Annotated[bool, typer.Option("--none", help="No version challenges any more.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Let a version answer a share of the live frames beside production, on spare time; see docs/shadow.md."""
    if none == (version is not None):
        raise typer.BadParameter("expected a VERSION or --none, and not both")
    from pipelines.client_lookup import open_client_registry
    from pipelines.settings import load_settings
    from stream.shadow.challenging import challenge_production, withdraw_challenger

    settings = load_settings()
    registry = open_client_registry(settings)
    if version is None:
        before, wanted = withdraw_challenger(registry, settings.state, classifier)
    else:
        before, wanted = challenge_production(registry, settings.state, classifier, version), True
    if as_json:
        print_json({"classifier": classifier, "version": version, "from_version": before, "shadow_wanted": wanted})
    if version is None:
        say(f"{classifier}: {f'version {before} challenges no more' if before else 'no version challenged'}")
    else:
        say(f"{classifier}: version {version} is challenger{f', before it {before}' if before else ''}")
        say(
            "A running stack starts its shadow within seconds: `vigia status`. Then: "
            f"`vigia shadow report {classifier}`."
        )
