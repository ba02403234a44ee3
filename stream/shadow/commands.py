"""`vigia challenge`, `vigia shadow report`, and what `vigia worker --role shadow` runs."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from pipelines.terminal import JsonOption, print_json, say

if TYPE_CHECKING:
    from datetime import datetime

    from stream.shadow.judging.report import Pictures, ShadowReport

MOMENT = "2026-11-27T18:00 (UTC), or 90m, 12h, 7d ago"

shadow_app = typer.Typer(rich_markup_mode=None)
report_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="What challengers answered beside production."
)
shadow_app.add_typer(report_app, name="shadow")


@report_app.callback()
def shadow() -> None:
    """What challengers answered beside production."""


@report_app.command()
def report(
    classifier: Annotated[str, typer.Argument(help="A registered classifier.")],
    version: Annotated[
        int | None, typer.Option(min=1, help="Another challenger than the one that answered last.")
    ] = None,
    begins: Annotated[
        str | None, typer.Option("--from", metavar="T", help=f"Only frames captured since: {MOMENT}.")
    ] = None,
    ends: Annotated[
        str | None, typer.Option("--to", metavar="T", help=f"Only frames captured before: {MOMENT}.")
    ] = None,
    labels: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="Columns frame_id and label: what a person saw.")
    ] = None,
    to_label: Annotated[
        Path | None,
        typer.Option(
            "--to-label", metavar="FILE.csv", help="Write the newest frames with different answers, to label."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE.html", help="Where the page goes.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Compare a challenger with production on the frames that both answered, and give a verdict."""
    span = read_span(begins, ends)
    found, pictures = make_report(classifier, version, span, labels)
    page = write_page(found, pictures, out)
    if to_label:
        from stream.shadow.judging.labels import write_frames_to_label

        say(f"to label: {write_file(to_label, write_frames_to_label(found.disagreements))}")
    if as_json:
        from stream.shadow.judging.report import describe_report

        kept = {"kept": pictures.kept, "gone": pictures.gone}
        print_json({**describe_report(found), "pictures": kept, "page": str(page)})
        return
    say(f"page: {page}")
    window = found.window
    print(f"{classifier}: challenger {window.version} beside production {window.against}: {found.verdict.decision}")
    for reason in found.verdict.reasons:
        print(f"  {reason}")


def make_report(
    classifier: str, version: int | None, span: "tuple[datetime | None, datetime | None]", labels: Path | None
) -> "tuple[ShadowReport, Pictures]":
    """From the store, the registry and the kept frames of this place."""
    from pipelines.client_lookup import choose_lookup
    from pipelines.evaluation_commands import read_params
    from pipelines.settings import find_workspace, load_settings
    from stream.frames.opened import open_frames
    from stream.shadow.judging.labels import load_labels
    from stream.shadow.judging.report import build_report, choose_window, find_pictures
    from stream.store import PredictionStore

    settings, workspace = load_settings(), find_workspace()
    given = load_labels(labels) if labels else None
    store = PredictionStore(settings.resolve_database_url())
    window = choose_window(store, lambda: choose_lookup(settings), classifier, version, *span)
    found = build_report(store, window, read_params(workspace, classifier).shadow, given)
    return found, find_pictures(found, open_frames(settings, workspace / "cameras.yaml"))


def write_page(report: "ShadowReport", pictures: "Pictures", out: Path | None) -> Path:
    """Where it is wanted, else in the home, beside those of other versions."""
    from pipelines.settings import load_settings
    from stream.shadow.judging.page import build_shadow_page

    name = f"{report.window.classifier}-{report.window.version}.html"
    return write_file(out or load_settings().state / "shadow" / name, build_shadow_page(report, pictures))


def read_span(begins: str | None, ends: str | None) -> "tuple[datetime | None, datetime | None]":
    """Raises typer.BadParameter for a wrong time, or two of the wrong order."""
    from datetime import UTC, datetime

    from stream.dead_letters.choosing import parse_moment

    now = datetime.now(UTC)
    first = None if begins is None else parse_moment(begins, now, "--from")
    last = None if ends is None else parse_moment(ends, now, "--to")
    if first and last and first >= last:
        raise typer.BadParameter("expected a time after --from", param_hint="--to")
    return first, last


def write_file(file: Path, content: str) -> Path:
    """The file's absolute path. Raises WorkspaceError."""
    from pipelines.errors import WorkspaceError

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    except OSError as error:
        raise WorkspaceError(f"Expected to write {file}, received: {error.strerror}. Choose another file.") from error
    return file.absolute()


def run_shadow_here(slot: int, *, only: Sequence[str] | None) -> NoReturn:
    """In the foreground, until a signal."""
    if only:
        raise typer.BadParameter("a shadow answers for every challenger", param_hint="--classifier")
    from stream.spare.priority import give_way, keep_one_thread

    thread = keep_one_thread()
    give_way()  # before the first import that takes time
    from pipelines.settings import load_settings
    from stream.logs import configure_logs
    from stream.shadow.worker import ShadowSetup, run_shadow
    from stream.worker.place import build_setup

    settings = load_settings()
    configure_logs(settings.log_format, debug=settings.debug)
    setup = build_setup(ShadowSetup, slot)
    try:
        code = run_shadow(setup, thread)
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
