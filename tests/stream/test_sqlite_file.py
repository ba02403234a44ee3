from pathlib import Path

from sqlalchemy import Engine

from stream.sqlite_file import commit_without_waiting
from stream.store import PredictionStore
from stream.store_engine import build_engine


def test_one_engine_s_commits_do_not_wait_for_the_disk_and_those_of_others_do(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'vigia.db'}"
    PredictionStore(url).migrate()
    waiting, light = build_engine(url), build_engine(url)

    commit_without_waiting(light)

    def synchronous(engine: Engine) -> int:
        with engine.connect() as connection:
            return int(connection.exec_driver_sql("PRAGMA synchronous").scalar_one())

    assert (synchronous(waiting), synchronous(light)) == (2, 1)


def test_an_engine_of_another_database_stays_as_it_is() -> None:
    commit_without_waiting(build_engine("postgresql://db.example.org/vigia"))
