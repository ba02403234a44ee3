"""What commands print: progress and words on stderr, one JSON document on stdout."""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import typer

JsonOption = Annotated[bool, typer.Option("--json", help="Print exactly one JSON document on stdout.")]

_NO_JSON_TEXT: Final = re.compile(
    "[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb]"
)
"""Beyond what JSON escapes itself: control characters, direction marks, halves of characters."""


def say(text: str) -> None:
    """One line for the person, on stderr."""
    print(text, file=sys.stderr, flush=True)


def print_json(document: Mapping[str, Any] | Sequence[Any]) -> None:
    """The command's one document, on stdout."""
    text = json.dumps(document, indent=2, ensure_ascii=False, default=str)
    # a JSON document has these inside its texts alone, so they may be escaped; to a terminal some are commands
    print(_NO_JSON_TEXT.sub(_escape_utf16, text), flush=True)


def escape_unprintable(text: str) -> str:
    """Control characters, terminal escapes, direction marks and lone surrogates as Python would write them."""
    return text if text.isprintable() else "".join(c if c.isprintable() else _escape(c) for c in text)


def show_bytes(content: bytes, most: int = 200) -> str:
    """A stranger's bytes for a terminal, or to be pasted into a page: nothing in them is a command or markup."""
    text = escape_unprintable(content[:most].decode("utf-8", "backslashreplace")).replace("<", "\\x3c")
    return text if len(content) <= most else f"{text}... ({len(content)} bytes)"


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def _escape_utf16(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
