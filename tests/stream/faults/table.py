"""The table of docs/reliability.md: one line a fault, with what was measured."""

from collections.abc import Sequence
from pathlib import Path

from tests.stream.faults.faults import Fault
from tests.stream.faults.scene import Outcome

BEGIN, END = "<!-- faults: begin -->\n", "<!-- faults: end -->\n"
COLUMNS = (
    "fault",
    "how",
    "frames",
    "injected at",
    "lost",
    "doubled",
    "committed too far",
    "stood still, s",
    "workers ended",
    "published twice",
    "kept",
)
HEAD = f"| {' | '.join(COLUMNS)} |\n{'|---' * len(COLUMNS)}|\n"


def describe_row(fault: Fault, outcome: Outcome | None) -> str:
    """One line of the table; an outcome of None means that the scene never came to its end."""
    if outcome is None:
        return f"| {fault.name} | {fault.what} | | | | | | | | | **no** |"
    injected = ", ".join(map(str, outcome.injected_at))
    pauses = ", ".join(f"{seconds:.1f}" for seconds in outcome.take_overs)
    return (
        f"| {fault.name} | {fault.what} | {outcome.frames} | {injected} | {outcome.lost} | {outcome.doubled} "
        f"| {len(outcome.beyond)} of {outcome.turns} looks | {pauses} | {len(outcome.exits)} | {outcome.duplicates} "
        f"| {'yes' if outcome.kept else '**no**'} |"
    )


def write_table(page: Path, rows: Sequence[tuple[Fault, Outcome | None]]) -> None:
    """Replace what lies between the marks of the page."""
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    table = HEAD + "".join(describe_row(fault, outcome) + "\n" for fault, outcome in rows)
    page.write_text(before + BEGIN + table + END + after, encoding="utf-8")
