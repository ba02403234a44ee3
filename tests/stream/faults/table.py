"""The table of docs/reliability.md: one line a fault, with what was measured."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
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


def describe_circumstances(frames: int) -> str:
    """When and where the table was measured; a machine that was busy says so by its load."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"\nMeasured {datetime.now(UTC):%Y-%m-%d} on {os.cpu_count()} cores, at least {frames} frames each; "
        f"load averages at the end {load}.\n"
    )


def write_table(page: Path, rows: Sequence[tuple[Fault, Outcome | None]], frames: int) -> None:
    """Replace what lies between the marks of the page."""
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    table = HEAD + "".join(describe_row(fault, outcome) + "\n" for fault, outcome in rows)
    page.write_text(before + BEGIN + table + describe_circumstances(frames) + END + after, encoding="utf-8")
