import io
import threading
from pathlib import Path

import pytest

from deploy.logs import find_log, follow_log
from deploy.stack import read_last_lines
from pipelines.errors import StackError
from tests.waiting import wait_until


def test_an_unknown_service_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    for name in ("kafka", "worker-1"):
        (tmp_path / "logs" / f"{name}.log").touch()

    with pytest.raises(StackError, match="kafka, worker-1, received 'kafak'"):
        find_log(tmp_path, "kafak")
    assert find_log(tmp_path, "worker-1").name == "worker-1.log"


def test_a_service_name_is_no_path(tmp_path: Path) -> None:
    (tmp_path / "secret.log").touch()
    (tmp_path / "logs").mkdir()

    with pytest.raises(StackError):
        find_log(tmp_path, "../secret")


def test_the_last_lines_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_text("one\ntwo\nthree\n", encoding="utf-8")

    assert read_last_lines(log, 2) == ["two", "three"]
    assert read_last_lines(log, 0) == []
    assert read_last_lines(tmp_path / "none.log", 5) == []


def test_following_goes_on_after_the_log_has_been_emptied(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_text("long ago, before anybody followed\n", encoding="utf-8")
    output = io.StringIO()
    threading.Thread(target=follow_log, args=(log, output), kwargs={"pause_seconds": 0.01}, daemon=True).start()

    def appended(text: str) -> bool:
        with log.open("a", encoding="utf-8") as writer:
            writer.write(text)
        return text in output.getvalue()

    wait_until(lambda: appended("x"), timeout_seconds=60, what="the first text")
    log.write_text("", encoding="utf-8")
    wait_until(lambda: appended("y"), timeout_seconds=60, what="text after it was emptied")
    assert "long ago" not in output.getvalue()
