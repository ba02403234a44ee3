"""Every fault in its full form: `python -m tests.stream.faults [--frames N] [--only WORDS ...] [--write FILE]`."""

import argparse
import logging
import sys
import tempfile
import time
import traceback
from pathlib import Path

from tests.stream.embedded_kafka import EmbeddedKafka
from tests.stream.faults.faults import FAULTS, Fault
from tests.stream.faults.scene import Outcome
from tests.stream.faults.stage import run_fault
from tests.stream.faults.table import describe_row, write_table


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=1000, help="at least so many frames for each fault")
    parser.add_argument("--only", nargs="*", default=[""], metavar="WORDS", help="faults whose name has one of these")
    parser.add_argument("--write", type=Path, help="the page whose table is replaced")
    arguments = parser.parse_args()
    faults = [fault for fault in FAULTS if any(words.lower() in fault.name.lower() for words in arguments.only)]
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # a broker that is away is meant to be
    rows: list[tuple[Fault, Outcome | None]] = []
    with tempfile.TemporaryDirectory(prefix="vigia-faults-", ignore_cleanup_errors=True) as folder:
        (Path(folder) / "broker").mkdir()
        with EmbeddedKafka(Path(folder) / "broker") as broker:
            for number, fault in enumerate(faults):
                rows.append((fault, _run(fault, broker, Path(folder) / str(number), arguments.frames)))
    if arguments.write:
        write_table(arguments.write, rows, arguments.frames)
    return 0 if all(outcome is not None and outcome.kept for _, outcome in rows) else 1


def _run(fault: Fault, broker: EmbeddedKafka, home: Path, frames: int) -> Outcome | None:
    began = time.monotonic()
    try:
        outcome = run_fault(fault, broker, home, frames)
    except AssertionError:
        traceback.print_exc()
        outcome = None
    print(describe_row(fault, outcome), f"{time.monotonic() - began:.0f} s", flush=True)
    if outcome is None or not outcome.kept:
        for log in sorted(home.glob("worker-*.log")):
            print(log.read_text(errors="replace")[-6000:], file=sys.stderr)
    return outcome


if __name__ == "__main__":
    sys.exit(main())
