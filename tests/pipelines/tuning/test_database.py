import sqlite3
from pathlib import Path

import pytest

from pipelines.errors import TrainingError
from pipelines.settings import Settings
from pipelines.tuning.database import SCHEMA, alone_in, database_errors, find_study_database
from pipelines.tuning.space import TuneParams
from pipelines.tuning.study import open_study

AWAY = "postgresql://u:secret@127.0.0.1:1/vigia"


def test_without_an_address_studies_lie_below_the_home(tmp_path: Path) -> None:
    database = find_study_database(Settings(home=tmp_path))

    with alone_in(database):
        open_study(database, "cars", TuneParams(), "tpe")

    assert (tmp_path / "tuning.db").exists()


def test_a_sqlite_store_and_its_studies_are_two_files(tmp_path: Path) -> None:
    database = find_study_database(Settings(database_url=f"sqlite:///{tmp_path}/vigia.db"))

    assert database.database == f"{tmp_path}/vigia-tuning.db"


def test_in_postgresql_studies_have_a_schema_of_their_own() -> None:
    database = find_study_database(Settings(database_url=f"{AWAY}?sslmode=disable"))

    assert database.drivername == "postgresql+psycopg"
    assert database.query["options"] == f"-csearch_path={SCHEMA}"
    assert database.query["sslmode"] == "disable"


@pytest.mark.parametrize("url", ["nothing", "mysql://u:secret@db/vigia", "sqlite://"])
def test_an_address_that_holds_no_study_is_refused(url: str) -> None:
    with pytest.raises(TrainingError, match="VIGIA_DATABASE_URL") as refused:
        find_study_database(Settings(database_url=url))

    assert "secret" not in str(refused.value)


def test_a_database_that_is_away_is_one_line_without_its_password() -> None:
    wanted = r"connection .*failed.*Check VIGIA_DATABASE_URL"
    with pytest.raises(TrainingError, match=wanted) as away, alone_in(find_study_database(Settings(database_url=AWAY))):
        raise AssertionError("there is no such server")

    assert "secret" not in str(away.value)
    assert len(str(away.value).splitlines()) == 1


def test_a_database_that_goes_away_during_a_search_is_one_line(tmp_path: Path) -> None:
    database = find_study_database(Settings(home=tmp_path))
    study = open_study(database, "cars", TuneParams(), "tpe")
    with sqlite3.connect(tmp_path / "tuning.db") as connection:
        connection.execute("DROP TABLE trials")

    wanted = r"no such table: trials.*goes on with the same study"
    with pytest.raises(TrainingError, match=wanted), database_errors(database):
        study.optimize(lambda trial: 0.5, n_trials=1)
