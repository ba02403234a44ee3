"""Pieces of a Markdown page."""

import json
from collections.abc import Sequence
from typing import Final

WRITTEN: Final = "<!-- written by docs/make_reference.py -->\n"


def draw_table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def draw_json(value: bytes | None) -> str:
    return f"```json\n{json.dumps(json.loads(value or b'null'), indent=2)}\n```\n"
