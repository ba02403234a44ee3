import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dashboard.services import UNKNOWN, Overall, judge, load_stack
from tests.dashboard.made_home import MadeHome

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def test_services_are_read_with_their_health(home: MadeHome) -> None:
    home.write_services(
        at=NOW, flows={"healthy": False, "state": "STARTING"}, mlflow={"healthy": False, "state": "FATAL"}
    )

    stack = load_stack(home.folder / "services.json", NOW + timedelta(seconds=2))

    assert stack.known
    healths = {service.name: service.health for service in stack.services}
    assert (healths["kafka"], healths["flows"], healths["mlflow"]) == ("good", "starting", "bad")


def test_a_state_older_than_ten_seconds_is_unknown(home: MadeHome) -> None:
    home.write_services(at=NOW)

    stack = load_stack(home.folder / "services.json", NOW + timedelta(seconds=11))

    assert not stack.known
    assert {service.health for service in stack.services} == {"unknown"}


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"at": 3, "services": {}}', '{"at": "x", "services": {}}', "null"]
)
def test_a_file_that_is_not_the_keepers_is_unknown(tmp_path: Path, text: str) -> None:
    file = tmp_path / "services.json"
    file.write_text(text)

    assert load_stack(file, NOW) == UNKNOWN


def test_no_file_is_unknown(tmp_path: Path) -> None:
    assert load_stack(tmp_path / "services.json", NOW) == UNKNOWN


def test_only_web_addresses_become_links(home: MadeHome) -> None:
    home.write_services(at=NOW, kafka={"url": "javascript:alert(1)"}, mlflow={"url": "http://127.0.0.1:5000"})

    stack = load_stack(home.folder / "services.json", NOW)

    urls = {service.name: service.url for service in stack.services}
    assert (urls["kafka"], urls["mlflow"]) == (None, "http://127.0.0.1:5000")


def test_entries_without_the_optional_facts_are_read(tmp_path: Path) -> None:
    file = tmp_path / "services.json"
    file.write_text(json.dumps({"at": NOW.isoformat(), "services": {"kafka": {"healthy": True}}}))

    (service,) = load_stack(file, NOW).services

    assert (service.health, service.uptime_seconds, service.restarts) == ("good", None, 0)


@pytest.mark.parametrize(
    ("change", "predicts", "expected"),
    [
        ({}, True, "live"),
        ({}, False, "ready"),
        ({"flows": {"healthy": False, "state": "starting"}}, True, "starting"),
        (
            {"flows": {"healthy": False, "state": "starting"}, "mlflow": {"healthy": False, "state": "exited"}},
            True,
            "attention",
        ),
    ],
)
def test_what_does_not_work_comes_first(
    home: MadeHome, change: dict[str, dict[str, object]], predicts: bool, expected: Overall
) -> None:
    home.write_services(at=NOW, **change)

    assert judge(load_stack(home.folder / "services.json", NOW), predicts=predicts) == expected


def test_without_a_stack_the_frames_speak() -> None:
    assert judge(UNKNOWN, predicts=True) == "live"
    assert judge(UNKNOWN, predicts=False) == "unknown"
