"""`vigia trace`: from one prediction all the way back, or from a model version to both ends."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.terminal import JsonOption, print_json, say

trace_app = typer.Typer(rich_markup_mode=None)


@trace_app.command()
def trace(
    frame_id: Annotated[
        str | None, typer.Argument(metavar="FRAME_ID", help="The frame's id, or its topic-partition-offset.")
    ] = None,
    classifier: Annotated[str | None, typer.Option(help="Only what this classifier said.")] = None,
    role: Annotated[str | None, typer.Option(help="Only what `production` or `shadow` said.")] = None,
    model: Annotated[
        tuple[str, int] | None,
        typer.Option(metavar="CLASSIFIER VERSION", help="A model version in place of a frame."),
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page to this file as well.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Walk one prediction back: frame, model, run, code, dataset, and the training pictures nearest to it."""
    if (frame_id is None) == (model is None):
        raise typer.BadParameter("Expected a FRAME_ID, or --model CLASSIFIER VERSION, and not both.")
    if frame_id is not None:
        _trace_frame(frame_id, classifier, role, html, as_json=as_json)
    elif model is not None:
        _trace_model(*model, html, as_json=as_json)


def _trace_frame(frame_id: str, classifier: str | None, role: str | None, html: Path | None, *, as_json: bool) -> None:
    from pipelines.client_lookup import choose_lookup
    from pipelines.promotion.log_book import LogBook
    from pipelines.settings import find_workspace, load_settings
    from stream.store import PredictionStore
    from stream.tracing.documents import describe_frame_trace
    from stream.tracing.traces import trace_frame
    from stream.tracing.words import draw_tree, tell_frame_trace

    settings = load_settings()
    store, book = PredictionStore(settings.resolve_database_url()), LogBook(settings.resolve_database_url())
    lookup = choose_lookup(settings)
    found = trace_frame(store, lookup, book, find_workspace(), frame_id, classifier=classifier, role=role)
    if html:
        from stream.tracing.page import build_frame_page, find_frame_picture
        from stream.worker.latest_frames import latest_frame_file

        picture = find_frame_picture(latest_frame_file(settings.state, found.prediction.camera_id), found.prediction)
        _write_page(html, build_frame_page(found, picture))
    if as_json:
        print_json(describe_frame_trace(found))
    else:
        print(draw_tree(tell_frame_trace(found)))


def _trace_model(classifier: str, version: int, html: Path | None, *, as_json: bool) -> None:
    from pipelines.client_lookup import choose_lookup
    from pipelines.promotion.log_book import LogBook
    from pipelines.settings import find_workspace, load_settings
    from stream.store import PredictionStore
    from stream.tracing.documents import describe_model_trace
    from stream.tracing.traces import trace_model
    from stream.tracing.words import draw_tree, tell_model_trace

    settings = load_settings()
    store, book = PredictionStore(settings.resolve_database_url()), LogBook(settings.resolve_database_url())
    found = trace_model(store, choose_lookup(settings), book, find_workspace(), classifier, version)
    if html:
        from stream.tracing.page import build_model_page

        _write_page(html, build_model_page(found))
    if as_json:
        print_json(describe_model_trace(found))
    else:
        print(draw_tree(tell_model_trace(found)))


def _write_page(file: Path, page: str) -> None:
    from pipelines.errors import WorkspaceError

    try:
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise WorkspaceError(
            f"Expected to write the page to {file}, received: {error.strerror}. Choose another file."
        ) from error
    say(f"page: {file.absolute()}")
