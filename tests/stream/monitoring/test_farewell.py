import json
from datetime import timedelta
from pathlib import Path

from stream.http import Check
from stream.monitoring.farewell import Farewell, check_farewell, load_farewell
from tests.stream.fakes import NOON

LAST = Farewell(NOON, "412 frames waited")


def test_a_worker_finds_the_last_word_of_the_one_before_and_tells_it_for_a_while(tmp_path: Path) -> None:
    heartbeat = tmp_path / "1.json"
    heartbeat.write_text(json.dumps({"state": "serving", "farewell": LAST.describe()}))

    found = load_farewell(heartbeat)

    assert found == LAST
    assert check_farewell(found, NOON + timedelta(minutes=3)) == Check(ok=True, reason="3 min ago: 412 frames waited")
    assert check_farewell(found, NOON + timedelta(minutes=16)) == Check(ok=True)


def test_a_worker_that_ended_otherwise_left_no_word(tmp_path: Path) -> None:
    for number, content in enumerate([None, "{", "[]", '{"farewell": null}', '{"farewell": {"at": "x", "words": 1}}']):
        file = tmp_path / f"{number}.json"
        if content is not None:
            file.write_text(content)
        assert load_farewell(file) is None
    assert check_farewell(None) == Check(ok=True)
