import threading
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import select, text

from pipelines.errors import StoreError
from stream import migrations
from stream.dead_letters.records import Choice, find_letters
from stream.store import ModelEvent, PredictionStore
from stream.tables import metadata, model_events, predictions
from tests.stream.fakes import NOON
from tests.stream.test_messages import PREDICTION


@pytest.fixture
def store(tmp_path: Path) -> PredictionStore:
    store = PredictionStore(f"sqlite:///{tmp_path / 'vigia.db'}")
    store.migrate()
    return store


def test_the_migrations_make_the_tables_that_the_code_describes(store: PredictionStore) -> None:
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_migrating_again_keeps_the_rows(store: PredictionStore) -> None:
    store.store_batch([PREDICTION], [])

    store.migrate()

    with store.engine.connect() as connection:
        assert len(connection.execute(select(predictions)).all()) == 1


def test_a_store_of_before_consensus_and_shadows_keeps_its_rows_when_it_is_updated(store: PredictionStore) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    store.store_batch([PREDICTION], [])
    store.record_model_event(ModelEvent(NOON, "worker-1", "cars", None, 2, "loaded"))
    with store.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0006")

    store.migrate()

    (row,) = store.read(select(predictions))
    assert (row.label, row.consensus_policy, row.infer_ms, row.precision) == (PREDICTION.label, None, None, None)
    (event,) = store.read(select(model_events))
    assert (event.to_version, event.role) == (2, "production")
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_several_that_migrate_a_new_file_at_once_all_succeed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'vigia.db'}"
    errors: list[Exception] = []

    def migrate() -> None:
        try:
            PredictionStore(url).migrate()
        except StoreError as error:
            errors.append(error)

    threads = [threading.Thread(target=migrate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert find_letters(PredictionStore(url), Choice()) == []


def test_a_store_of_a_newer_version_is_refused_with_a_word(store: PredictionStore) -> None:
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(StoreError, match="of this version or older"):
        store.migrate()
