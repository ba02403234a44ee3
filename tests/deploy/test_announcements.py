import json

import pytest

from deploy.announcements import Announcer, describe_changes
from deploy.health import Health


def health(state: str, detail: str = "", url: str | None = None) -> Health:
    return Health(state, 1, url, 1.0, 0, state == "running", detail)


def test_each_change_is_said_once() -> None:
    assert describe_changes({}, {"kafka": health("starting")}) == []
    assert describe_changes({"kafka": "starting"}, {"kafka": health("running")}) == ["kafka is ready"]
    assert describe_changes({"kafka": "running"}, {"kafka": health("running")}) == []


def test_a_service_that_is_lost_or_given_up_is_named_with_its_reason() -> None:
    lost = {"kafka": health("restarting", "its process has ended"), "mlflow": health("failed", "port 5000 is taken")}

    assert describe_changes({"kafka": "running", "mlflow": "starting"}, lost) == [
        "kafka is restarting: its process has ended",
        "mlflow is failed: port 5000 is taken",
    ]


def test_the_addresses_are_printed_once_when_all_are_healthy(capsys: pytest.CaptureFixture[str]) -> None:
    announcer = Announcer(as_json=True)
    page = "http://127.0.0.1:8501"

    announcer.announce({"dashboard": health("starting", url=page)})
    announcer.announce({"dashboard": health("running", url=page)})
    announcer.announce({"dashboard": health("running", url=page)})

    output = capsys.readouterr()
    assert output.err.count(page) == 1
    assert json.loads(output.out)["urls"] == {"dashboard": page}
