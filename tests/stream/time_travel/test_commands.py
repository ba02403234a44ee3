import importlib.util
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pipelines.errors import RegistryError, SettingsError, StoreError, VigiaError, WorkspaceError
from stream.commands import app
from stream.frames.leases import LeasedFrames
from stream.time_travel.replayer import Asked
from stream.time_travel.replaying import hold_pictures
from tests.stream.time_travel.past import Past, make_past, make_versions
from tests.waiting import wait_until

WINDOW = ("--from", "2025-06-01T12:00", "--to", "2025-06-01T13:00")


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> str:
    return make_versions(tmp_path_factory.mktemp("registry"))


@pytest.fixture
def past(tmp_path: Path, registry: str, monkeypatch: pytest.MonkeyPatch) -> Past:
    past = make_past(tmp_path, None, frames=20, registry=registry)
    monkeypatch.setenv("VIGIA_HOME", str(past.settings.state))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", str(past.settings.mlflow_tracking_uri))
    for name in ("VIGIA_KAFKA_BOOTSTRAP", "VIGIA_DATABASE_URL", "VIGIA_FRAMES_URL", "RAY_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return past


def replay(*words: str, classifier: str = "cars", model: str = "2") -> Result:
    return CliRunner().invoke(app, ["replay-window", "--classifier", classifier, "--model", model, *words])


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("--from", "2025-06-01T12:00", "--to", "2025-06-01T12:00"), "expected a time after --from"),
        (("--from", "2090-06-01T12:00", "--to", "2090-06-01T13:00"), "expected a time that is past"),
        (("--from", "2025-06-01T12:00", "--to", "2090-06-01T13:00"), "expected a time that is past"),
        (("--from", "yesterday"), "expected a time such as"),
        ((*WINDOW, "--engine", "spark"), "--engine"),
    ],
)
def test_wrong_usage_is_told_and_exits_with_2(past: Past, words: tuple[str, ...], hint: str) -> None:
    done = replay(*words)

    assert done.exit_code == 2
    assert hint in " ".join(done.stderr.replace("│", " ").split())


@pytest.mark.parametrize(
    ("words", "names", "error"),
    [
        (WINDOW, {"model": "9"}, RegistryError),
        (WINDOW, {"classifier": "dogs"}, RegistryError),
        (("--from", "2024-06-01", "--to", "2024-06-02"), {}, StoreError),
        ((*WINDOW, "--camera", "nope"), {}, StoreError),
        ((*WINDOW, "--out", "nowhere/page.html"), {}, WorkspaceError),
        ((*WINDOW, "--source", "topic"), {}, VigiaError),
    ],
)
def test_what_cannot_be_replayed_is_refused_in_one_line(
    past: Past, words: tuple[str, ...], names: dict[str, str], error: type[VigiaError]
) -> None:
    done = replay(*words, **names)

    assert isinstance(done.exception, error)
    assert "Expected" in str(done.exception)


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="the extra `ray` is not installed")
def test_a_cluster_is_refused_while_everything_lies_on_this_machine(
    past: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "ray://head:10001")

    assert isinstance(replay(*WINDOW, "--engine", "ray").exception, SettingsError)


def test_without_the_extra_it_is_said_how_to_install_it(past: Past, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    assert "uv pip install -e '.[ray]'" in str(replay(*WINDOW, "--engine", "ray").exception)


def test_a_window_of_which_every_picture_is_gone_is_an_error(past: Past) -> None:
    done = replay(*WINDOW)

    assert isinstance(done.exception, StoreError)
    assert "Expected pictures of 20 frames, found none" in str(done.exception)


def test_kept_frames_are_answered_compared_and_shown_without_a_broker(past: Past) -> None:
    past.keep(range(0, 20, 2))

    done = replay(*WINDOW, "--json", "--out", "page.html")

    assert done.exit_code == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["source"] == {"kept": 10, "topic": 0, "gone": 10, "before": 0}
    assert (document["frames"], document["compared"], document["missing"]) == (20, 10, 10)
    assert document["missing_reasons"] == {"no_broker": 10}
    assert document["missing_frames"][:2] == [
        {"frame_id": "f1", "camera_id": "cam1", "captured_at": "2025-06-01T12:00:01+00:00", "reason": "no_broker"},
        {"frame_id": "f3", "camera_id": "cam3", "captured_at": "2025-06-01T12:00:03+00:00", "reason": "no_broker"},
    ]
    assert (len(document["missing_frames"]), document["missing_frames_cut"]) == (10, False)
    # f0 and f10 were called blue, and are red and green
    assert document["changed"] == 2
    assert document["agreement"] == pytest.approx(0.8)
    assert (document["role"], document["resumed"], document["stopped"]) == ("replay-2", False, False)
    assert "data:image/jpeg" in Path("page.html").read_text()


def test_a_second_time_nothing_is_computed_unless_it_is_asked_for(past: Past) -> None:
    past.keep(range(20))
    replay(*WINDOW)

    again = json.loads(replay(*WINDOW, "--json").stdout)
    anew = json.loads(replay(*WINDOW, "--json", "--anew").stdout)

    assert (again["answered"], again["source"]["before"], again["resumed"]) == (0, 20, True)
    assert (anew["answered"], anew["source"]["kept"], anew["resumed"]) == (20, 20, False)
    assert again["changes"] == anew["changes"]


def test_a_lease_that_cannot_be_renewed_for_once_is_renewed_the_next_time(
    past: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    renewals: list[None] = []

    def fail(leased: LeasedFrames) -> None:
        renewals.append(None)
        raise StoreError("Expected the store to answer.")

    monkeypatch.setattr("stream.time_travel.replaying.LEASE_SECONDS", 0.03)
    monkeypatch.setattr(LeasedFrames, "renew", fail)

    with hold_pictures(Asked(past.settings, past.window, 2), past.store):
        wait_until(lambda: len(renewals) > 1, timeout_seconds=30, what="a second try")
