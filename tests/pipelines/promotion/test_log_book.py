import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from pipelines.errors import StoreError
from pipelines.promotion.decisions import make_decision
from pipelines.promotion.log_book import LogBook
from stream.store import PredictionStore


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/store/vigia.db"


def test_what_was_written_is_read_in_the_order_in_which_it_happened(url: str) -> None:
    book = LogBook(url)
    first = make_decision("cars", 1, "promoted", before=None, after=1, reasons=("a", "b"), by="ana@pc")
    second = make_decision("cars", 2, "forced", before=1, after=2, note="why", by="ben@pc")
    for decision in (second, first, make_decision("dogs", 1, "refused", before=None, after=None)):
        book.write(decision)

    assert LogBook(url).read("cars") == (first, second)


def test_reading_a_log_book_that_nobody_began_makes_no_file(url: str, tmp_path: Path) -> None:
    assert LogBook(url).read("cars") == ()
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("book_first", [True, False])
def test_it_shares_the_file_with_the_prediction_store_whoever_came_first(url: str, book_first: bool) -> None:
    book, store = LogBook(url), PredictionStore(url)
    decision = make_decision("cars", 1, "promoted", before=None, after=1)
    steps = [lambda: book.write(decision), store.migrate]
    for step in steps if book_first else reversed(steps):
        step()

    assert book.read("cars") == (decision,)
    with store.engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
    store.migrate()
    assert book.read("cars") == (decision,)


def test_several_processes_may_begin_it_at_once(url: str) -> None:
    code = (
        "import sys; from pipelines.promotion.decisions import make_decision as m;"
        "from pipelines.promotion.log_book import LogBook;"
        "[LogBook(sys.argv[1]).write(m('cars', n, 'refused', before=None, after=None)) for n in range(1, 6)]"
    )
    started = [subprocess.Popen([sys.executable, "-c", code, url]) for _ in range(3)]

    assert [process.wait(timeout=240) for process in started] == [0, 0, 0]
    assert len(LogBook(url).read("cars")) == 15


@pytest.mark.parametrize(
    ("address", "words"),
    [("nonsense", "SQLAlchemy address"), ("sqlite:////proc/none/vigia.db", "log book of decisions at sqlite:")],
)
def test_a_database_that_cannot_be_used_is_one_line(address: str, words: str) -> None:
    with pytest.raises(StoreError, match=words):
        LogBook(address).write(make_decision("cars", 1, "refused", before=None, after=None))
