import json
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy import doctor
from deploy.doctor import (
    Check,
    check_database,
    check_disk,
    check_dvc,
    check_git,
    check_jars,
    check_java,
    check_kafka,
    check_ports,
    check_python,
    check_service,
    check_weights,
    check_workspace,
    describe_taken_ports,
    needed_ports,
    run_checks,
)
from deploy.doctor_commands import doctor_app
from deploy.versions import find_wrong_versions, load_requirements
from pipelines.settings import Endpoints, Settings
from stream.broker.jars import JarFindings, load_jar_lock


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        home=tmp_path / "home", ports="auto", kafka_bootstrap=None, mlflow_tracking_uri=None, prefect_api_url=None
    )


@pytest.fixture
def listening() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def closed() -> Iterator[str]:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{bound.getsockname()[1]}"


@pytest.mark.parametrize(("version", "ok"), [((3, 10), False), ((3, 11), True), ((3, 13), True), ((3, 14), False)])
def test_python_must_be_within_the_range(version: tuple[int, int], ok: bool) -> None:
    assert check_python(version).ok is ok


def test_every_declared_library_is_compared_with_its_range() -> None:
    found = {"one": "1.4", "two": "2.1"}

    wrong = find_wrong_versions(["one>=1.2,<2", "two>=2.0,<2.1", "three>=1"], found.get)

    assert wrong == ["two 2.1 is installed, expected <2.1,>=2.0", "three is missing"]


def test_libraries_of_extras_and_of_other_machines_are_left_out() -> None:
    assert find_wrong_versions(["gpu>=1; extra == 'gpu'", "win>=1; sys_platform == 'nowhere'"], lambda name: None) == []


@pytest.mark.parametrize("floor", ["faust-streaming>=0.15.3", "mlflow>=3.16.1", "keras>=3.15", "streamlit>=1.61"])
def test_the_floors_that_were_measured_are_declared(floor: str) -> None:
    assert any(requirement.startswith(floor) for requirement in load_requirements())


def test_sqlalchemy_stays_below_the_version_that_breaks_the_scheduler() -> None:
    assert "sqlalchemy 2.1.0 is installed, expected <2.1,>=2.0" in find_wrong_versions(
        load_requirements(), {"sqlalchemy": "2.1.0"}.get
    )


def test_a_full_disk_is_a_finding_with_a_mend(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "MIN_DISK_BYTES", 2**80)

    check = check_disk(settings)

    assert not check.ok
    assert "VIGIA_HOME" in check.mend


def test_a_folder_that_is_no_workspace_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").touch()

    check = check_workspace(tmp_path)

    assert not check.ok
    assert check.detail == f"{tmp_path} has no dvc.yaml"


def test_git_and_dvc_are_found_once_they_are_there(tmp_path: Path) -> None:
    before = (check_git(tmp_path).ok, check_dvc(tmp_path).ok)

    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / ".dvc").mkdir()

    assert before == (False, False)
    assert (check_git(tmp_path).ok, check_dvc(tmp_path).ok) == (True, True)


def test_a_taken_port_is_named_with_its_service(listening: str) -> None:
    port = int(listening.rpartition(":")[2])

    (word,) = describe_taken_ports("127.0.0.1", {"mlflow": port})

    assert word.startswith(f"{port} (mlflow) is taken")


def test_ports_of_services_that_run_elsewhere_are_not_needed(settings: Settings) -> None:
    configured = settings.model_copy(update={"kafka_bootstrap": "broker:9092", "prefect_api_url": "http://prefect/api"})

    assert set(needed_ports(settings)) == {"dashboard", "mlflow", "prefect", "kafka", "kafka controller"}
    assert set(needed_ports(configured)) == {"dashboard", "mlflow"}


def test_ports_that_our_own_stack_holds_are_no_finding(settings: Settings, listening: str) -> None:
    port = int(listening.rpartition(":")[2])
    Endpoints("127.0.0.1", port, port, port, port).save(settings.endpoints_file)

    check = check_ports(settings.model_copy(update={"ports": "default"}))

    assert check.ok
    assert "this workspace" in check.detail


def test_java_runs(settings: Settings) -> None:
    check = check_java(settings)

    assert check.ok
    assert "openjdk" in check.detail


def test_a_jar_that_differs_is_a_finding_and_a_missing_one_only_a_word(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    jar = load_jar_lock()[0]
    findings = JarFindings(missing=(jar,), different=())

    monkeypatch.setattr(doctor, "inspect_embedded_kafka", lambda: findings)
    missing = check_jars(settings)
    monkeypatch.setattr(doctor, "inspect_embedded_kafka", lambda: replace(findings, different=(jar,)))
    different = check_jars(settings)

    assert (missing.ok, different.ok) == (True, False)
    assert jar.file_name in different.detail
    assert "vigia broker fetch" in different.mend


def test_nothing_of_the_embedded_kafka_is_needed_beside_a_configured_one(settings: Settings) -> None:
    configured = settings.model_copy(update={"kafka_bootstrap": "broker:9092"})

    assert "not needed" in check_java(configured).detail
    assert "not needed" in check_jars(configured).detail


def test_a_weights_folder_must_hold_files_when_it_is_configured(settings: Settings, tmp_path: Path) -> None:
    absent = check_weights(settings.model_copy(update={"weights_dir": tmp_path / "absent"}))
    empty = check_weights(settings.model_copy(update={"weights_dir": tmp_path}))
    (tmp_path / "base.keras").touch()
    there = check_weights(settings.model_copy(update={"weights_dir": tmp_path}))

    assert [check.ok for check in (check_weights(settings), absent, empty, there)] == [True, False, False, True]


def test_a_configured_kafka_must_answer_and_not_only_listen(
    settings: Settings, listening: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "_TIMEOUT_SECONDS", 0.2)

    check = check_kafka(settings.model_copy(update={"kafka_bootstrap": listening}))

    assert not check.ok
    assert "VIGIA_KAFKA_BOOTSTRAP" in check.mend


def test_a_service_is_reachable_when_something_listens(listening: str, closed: str) -> None:
    assert check_service("prefect", "PREFECT_API_URL", f"http://{listening}/api").ok
    assert not check_service("prefect", "PREFECT_API_URL", f"http://{closed}/api").ok


@pytest.mark.parametrize("url", ["nonsense", "http://host:port", "ftp://host", "http://[::1"])
def test_an_address_that_is_none_is_a_finding(url: str) -> None:
    check = check_service("prefect", "PREFECT_API_URL", url)

    assert not check.ok
    assert "PREFECT_API_URL" in check.mend


def test_a_password_in_an_address_is_never_shown(settings: Settings, closed: str) -> None:
    url = f"postgresql+psycopg://user:geheim@{closed}/vigia"

    check = check_database(settings.model_copy(update={"database_url": url}))

    assert not check.ok
    assert closed in check.detail
    assert "geheim" not in str(check)


@pytest.mark.parametrize(("url", "ok"), [(None, True), ("sqlite:////tmp/x.db", True), ("mysql://host/x", False)])
def test_the_database_is_sqlite_or_postgresql(url: str | None, ok: bool, settings: Settings) -> None:
    assert check_database(settings.model_copy(update={"database_url": url})).ok is ok


def test_every_finding_says_its_mend(settings: Settings, tmp_path: Path) -> None:
    checks = run_checks(settings, tmp_path)

    assert len({check.name for check in checks}) == len(checks)
    assert not [check for check in checks if not check.ok and not check.mend]


def test_the_command_prints_one_document_and_exits_1_when_a_check_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    finding = Check("disk", False, "full", "Make room.")
    monkeypatch.setattr(doctor, "run_checks", lambda settings, workspace: [Check("python", True, "3.11"), finding])

    done = CliRunner().invoke(doctor_app, ["--json"])

    assert done.exit_code == 1
    assert json.loads(done.stdout)["checks"][1] == {"name": "disk", "ok": False, "detail": "full", "mend": "Make room."}


def test_the_command_exits_0_when_nothing_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "run_checks", lambda settings, workspace: [Check("python", True, "3.11")])

    done = CliRunner().invoke(doctor_app, [])

    assert done.exit_code == 0
    assert done.stdout == ""
