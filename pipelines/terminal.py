"""What commands print: progress and words on stderr, one JSON document on stdout."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

JsonOption = Annotated[bool, typer.Option("--json", help="Print exactly one JSON document on stdout.")]


def say(text: str) -> None:
    """One line for the person, on stderr."""
    print(text, file=sys.stderr, flush=True)


def print_json(document: Mapping[str, Any] | Sequence[Any]) -> None:
    """The command's one document, on stdout."""
    print(json.dumps(document, indent=2, ensure_ascii=False, default=str), flush=True)
