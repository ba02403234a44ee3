import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.errors import BrokerError
from stream.broker import bundle, jars
from stream.broker.commands import broker_app


@pytest.fixture(autouse=True)
def no_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jars, "fetch_jars", lambda: 3)
    monkeypatch.setattr(bundle, "write_bundle", lambda file: file.write_bytes(b"a tar"))
    monkeypatch.setattr(bundle, "read_bundle", lambda file: 46)


def test_fetch_says_how_many_jars_came_in_one_document() -> None:
    done = CliRunner().invoke(broker_app, ["fetch", "--json"])

    assert done.exit_code == 0
    assert json.loads(done.stdout) == {
        "version": "4.3.1",
        "jars": 46,
        "fetched": 3,
        "path": str(jars.jars_folder()),
    }


def test_fetch_from_a_bundle_asks_no_registry(tmp_path: Path) -> None:
    done = CliRunner().invoke(broker_app, ["fetch", "--from", str(tmp_path / "kafka.tar"), "--json"])

    assert json.loads(done.stdout)["fetched"] == 46


def test_bundle_says_where_it_lies_and_how_large_it_is(tmp_path: Path) -> None:
    done = CliRunner().invoke(broker_app, ["bundle", str(tmp_path / "kafka.tar"), "--json"])

    document = json.loads(done.stdout)
    assert document["path"] == str(tmp_path / "kafka.tar")
    assert document["size_bytes"] == 5


def test_a_refusal_is_left_to_the_command_line_which_makes_one_line_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise BrokerError("Expected jars, received nothing.")

    monkeypatch.setattr(jars, "fetch_jars", refuse)

    done = CliRunner().invoke(broker_app, ["fetch", "--json"])

    assert isinstance(done.exception, BrokerError)
    assert done.stdout == ""
