"""What all benches' commands share: their options, and how figures are told."""

from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines.terminal import print_json, say

RoundsOption = Annotated[int, typer.Option("--rounds", min=1, help="How often each lane is measured.")]
OutOption = Annotated[Path | None, typer.Option("--out", help="A folder for the JSON, the tables and a plot.")]
WriteOption = Annotated[
    Path | None, typer.Option("--write", metavar="FILE", help="A Markdown page in which to replace this bench's part.")
]


def tell(document: dict[str, Any], out: Path | None, write: Path | None, as_json: bool) -> None:
    """Where and how the command's options say."""
    from pipelines.bench.report import render_markdown, save, write_section

    if out:
        say(f"written: {', '.join(str(file) for file in save(document, out))}")
    if write:
        write_section(document, write)
        say(f"written: {write}")
    if as_json:
        print_json(document)
    else:
        print(render_markdown(document), end="")
