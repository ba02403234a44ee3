"""A keeper over stand-in services, as a process of its own: `python -m tests.deploy.stand_in_stack PLAN`."""

import os
import sys
from pathlib import Path

from deploy.keeper import hold_stack
from deploy.plan import load_stack
from deploy.stack import keep_stack


def main(plan: Path) -> None:
    stack = load_stack(plan)
    assert stack is not None
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with hold_stack(stack.state):
        keep_stack(stack, stack.state / "services.json", environment, lambda healths: None)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
