import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pipelines.errors import DatasetError, StoreError, VigiaError, WorkspaceError
from stream.commands import app
from stream.store import PredictionStore
from tests.stream.shadow.judging.made import OTHER, SAME, store_pairs


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A frame a second from noon (UTC) on, answered by version 1 and by version 2 beside it."""
    monkeypatch.setenv("VIGIA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'none.db'}")
    for name in ("VIGIA_KAFKA_BOOTSTRAP", "VIGIA_DATABASE_URL", "VIGIA_FRAMES_URL"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "params.yaml").write_text(Path("params.yaml").read_text())
    monkeypatch.chdir(tmp_path)
    store = PredictionStore(f"sqlite:///{tmp_path / 'home' / 'store' / 'vigia.db'}")
    store.migrate()
    store_pairs(store, [*[SAME] * 8, OTHER, OTHER])
    return tmp_path / "home"


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("shadow", "report", "cars", "--from", "yesterday"), "expected a time such as"),
        (("shadow", "report", "cars", "--from", "1h", "--to", "2h"), "expected a time after --from"),
        (("shadow", "report", "cars", "--version", "0"), "--version"),
        (("challenge", "cars"), "expected a VERSION or --none"),
        (("challenge", "cars", "2", "--none"), "expected a VERSION or --none"),
    ],
)
def test_wrong_usage_is_told_and_exits_with_2(home: Path, words: tuple[str, ...], hint: str) -> None:
    done = run(*words)

    assert done.exit_code == 2
    assert hint in " ".join(done.stderr.replace("│", " ").split())


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("--version", "9"), StoreError),
        (("--to", "2025-01-01"), StoreError),
        (("--labels", "none.csv"), DatasetError),
        (("--out", "/proc/none/page.html"), WorkspaceError),
    ],
)
def test_what_cannot_be_reported_is_refused_in_one_line(
    home: Path, words: tuple[str, ...], error: type[VigiaError]
) -> None:
    done = run("shadow", "report", "cars", *words)

    assert isinstance(done.exception, error)
    assert "Expected" in str(done.exception)


def test_the_document_is_one_and_the_page_lies_in_the_home(home: Path) -> None:
    done = run("shadow", "report", "cars", "--json", "--to-label", "label.csv")

    assert done.exit_code == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["version"], document["against"], document["frames"]) == (2, 1, 10)
    assert (document["agreement"], document["verdict"]) == (0.8, "undecided")
    assert Path(document["page"]) == home / "shadow" / "cars-2.html"
    assert Path("label.csv").read_text().count("\n") == 3


def test_a_time_without_a_zone_is_utc_as_everywhere(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    span = ("--from", "2025-06-01T12:00:02", "--to", "2025-06-01T12:00:05")

    document = json.loads(run("shadow", "report", "cars", *span, "--json").stdout)

    assert (document["frames"], document["from"]) == (3, "2025-06-01T12:00:02+00:00")
