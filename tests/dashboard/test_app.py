from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.dashboard.conftest import ROOT
from tests.dashboard.made_home import MadeHome


def run_page(**query: str) -> str:
    """All HTML of one run of the page."""
    app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=120)
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    return " ".join(str(part.proto.body) for part in app.get("html"))


@pytest.fixture(autouse=True)
def place(home: MadeHome, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VIGIA_HOME", str(home.folder))
    monkeypatch.delenv("VIGIA_DATABASE_URL", raising=False)
    monkeypatch.delenv("VIGIA_LANGUAGE", raising=False)


def test_an_empty_home_shows_the_hint() -> None:
    assert "vigia train cars" in run_page()


def test_rows_show_their_camera(home: MadeHome) -> None:
    home.add_predictions(camera_id="puerta", label="tajo_roca")

    html = run_page()

    assert "puerta" in html
    assert "tajo_roca" in html
    assert "vigia train cars" not in html


def test_the_settings_give_the_language_and_the_address_overrules_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGIA_LANGUAGE", "es")

    assert "Aún no hay nada que ver" in run_page()
    assert "Nothing to see yet" in run_page(lang="en")
    assert "Aún no hay nada que ver" in run_page(lang="xx")


def test_a_store_that_cannot_be_read_is_said_to_be_away(home: MadeHome) -> None:
    (home.folder / "store").mkdir(parents=True)
    (home.folder / "store" / "vigia.db").write_bytes(
        b"this is no database file, but long enough to be read as one" * 20
    )

    assert "does not answer" in run_page()


@pytest.mark.parametrize(("name", "value"), [("VIGIA_LANGUAGE", "klingon"), ("VIGIA_DATABASE_URL", "secret@nowhere")])
def test_wrong_settings_are_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)

    html = run_page()

    assert name in html
    assert "secret" not in html
