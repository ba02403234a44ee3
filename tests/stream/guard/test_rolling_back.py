import json
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import RegistryError
from stream.guard import rolling_back
from stream.guard.rolling_back import RollbackAnswer, RollbackOrder, roll_back_in_child

ORDER = RollbackOrder("cars", 2, 1, "red 60 of 60", "host/worker-1")


def answer_with(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """The child runs this instead."""
    run = subprocess.run

    def run_code(command: list[str], **named: Any) -> Any:
        return run([sys.executable, "-c", code], **named)

    monkeypatch.setattr("stream.guard.rolling_back.subprocess.run", run_code)


def test_the_childs_last_line_is_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    answer_with(monkeypatch, """print('noise'); print('{"outcome": "rolled_back", "production": 1, "words": "w"}')""")

    assert roll_back_in_child(ORDER) == RollbackAnswer("rolled_back", 1, "w")


@pytest.mark.parametrize("code", ["print('rubble')", "import sys; sys.exit('error: no registry.')", "pass"])
def test_any_other_end_is_an_error_of_the_registry(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    answer_with(monkeypatch, code)

    with pytest.raises(RegistryError, match="tried again"):
        roll_back_in_child(ORDER)


def test_a_child_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rolling_back, "DEADLINE_SECONDS", 0.2)
    answer_with(monkeypatch, "import threading; threading.Event().wait()")

    with pytest.raises(RegistryError, match="TimeoutExpired"):
        roll_back_in_child(ORDER)


def test_the_worker_side_imports_no_client(tmp_path: Path) -> None:
    code = "import sys, stream.guard.guard, stream.guard.acting; print([m for m in sys.modules if m == 'mlflow'])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_the_child_ends_by_itself_when_nobody_waits_for_it_any_more() -> None:
    code = (
        "import threading, pipelines.settings as s, stream.guard.rolling_back as r; r.DEADLINE_SECONDS = 1; "
        "s.load_settings = lambda: threading.Event().wait(); r.main('{}')"
    )
    order = json.dumps(asdict(ORDER))

    done = subprocess.run([sys.executable, "-c", code.replace("'{}'", repr(order))], timeout=180, check=False)

    assert done.returncode == -signal.SIGALRM
