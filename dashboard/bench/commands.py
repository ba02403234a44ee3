"""`vigia bench page`: added to the others by the command itself, since only this folder knows the page."""

from typing import Annotated

import typer

from pipelines.bench.commands import OutOption, RoundsOption, WriteOption, tell
from pipelines.terminal import JsonOption, say

app = typer.Typer(rich_markup_mode=None)


@app.callback()
def bench() -> None:
    """Speed, measured side by side in one run and in turns."""


@app.command()
def page(
    rows: Annotated[int, typer.Option(min=100, help="Predictions in the store.")] = 1_000_000,
    rounds: RoundsOption = 5,
    seconds: Annotated[float, typer.Option(min=0.01, help="Of each question in each round.")] = 1.0,
    out: OutOption = None,
    write: WriteOption = None,
    json: JsonOption = False,
) -> None:
    """What the live page asks of its store, beside the plain form of each question."""
    import tempfile
    from datetime import UTC, datetime
    from pathlib import Path

    from dashboard.bench.questions import build_questions, compare_questions, measure_questions
    from dashboard.bench.store import fill_store
    from dashboard.queries import build_engine
    from pipelines.bench.machine import describe_machine
    from pipelines.bench.report import build_document, check_places
    from stream.bench.home import RUN, open_home

    check_places(out, write)
    machine = describe_machine()
    with open_home() as home, tempfile.TemporaryDirectory(prefix=RUN, dir=home) as folder:
        say(f"writing {rows:,} predictions")
        now = datetime.now(UTC)
        url = fill_store(Path(folder) / "vigia.db", rows, now)
        with build_engine(url).connect() as connection:
            lanes = measure_questions(connection, build_questions(now, "cam01"), rounds, say, seconds)
    ratios = compare_questions(lanes)
    tell(build_document("page", lanes, ratios, machine, rounds=rounds, rows=rows, unit="question"), out, write, json)
