import json
import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from pipelines.errors import RegistryError
from pipelines.lookup.registry_server import RegistryServer
from pipelines.lookup.registry_tables import RegistryTables
from pipelines.lookup.remembering import RememberingLookup, is_settled, look_at, remember_registry
from pipelines.settings import Endpoints, Settings


class FakeMlflow:
    """Answers as MLflow does, counts what it is asked, and writes its file at every change."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.wall = 1000.0
        self.aliases: dict[str, dict[str, int]] = {}
        self.asked: Counter[str] = Counter()
        self.status = 200
        self.page = 1000

    def point(self, classifier: str, **aliases: int) -> None:
        self.aliases[classifier] = aliases
        self.file.write_text(json.dumps(self.aliases))
        os.utime(self.file, (self.wall, self.wall))

    def answer(self, path: str) -> object:
        place = urlsplit(path)
        method = place.path.removeprefix("/api/2.0/mlflow/").strip("/")
        self.asked[method] += 1
        query = {name: values[0] for name, values in parse_qs(place.query).items()}
        if method == "registered-models/search":
            models = [
                {"name": name, "aliases": [{"alias": alias, "version": str(number)} for alias, number in held.items()]}
                for name, held in self.aliases.items()
            ]
            first = int(query.get("page_token", "0"))
            more = {"next_page_token": str(first + self.page)} if first + self.page < len(models) else {}
            return {"registered_models": models[first : first + self.page], **more}
        if method == "model-versions/get":
            version = {"name": query["name"], "version": query["version"], "run_id": "run", "creation_timestamp": 1}
            return {"model_version": version}
        return {"artifact_uri": "/artifacts"} if method == "model-versions/get-download-uri" else {}


@contextmanager
def running(mlflow: FakeMlflow) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            said = json.dumps(mlflow.answer(self.path)).encode()
            self.send_response(mlflow.status)
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *words: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def mlflow(tmp_path: Path) -> FakeMlflow:
    mlflow = FakeMlflow(tmp_path / "mlflow.db")
    mlflow.point("cars", production=1, previous=1)
    mlflow.point("simpsons")
    return mlflow


class Watcher:
    """Looks once a second, as a worker does; time is the test's."""

    def __init__(self, mlflow: FakeMlflow, url: str, *, with_file: bool) -> None:
        self.now = 100.0
        self.mlflow = mlflow
        self.lookup = RememberingLookup(
            RegistryServer(url),
            look_at(mlflow.file) if with_file else None,
            clock=lambda: self.now,
            wall=lambda: self.mlflow.wall,
        )

    def look(self) -> dict[str, int | None]:
        self.now += 1
        self.mlflow.wall += 1
        holders = {name: self.lookup.holder(name, "production") for name in self.lookup.classifiers()}
        return {name: holder.version if holder else None for name, holder in holders.items()}


def test_a_file_that_nobody_writes_to_answers_for_its_server_which_is_only_greeted(mlflow: FakeMlflow) -> None:
    with running(mlflow) as url:
        watcher = Watcher(mlflow, url, with_file=True)
        watcher.look()
        mlflow.asked.clear()

        seen = [watcher.look() for _ in range(25)]
        asked = dict(mlflow.asked)
        seen += [watcher.look() for _ in range(35)]

    assert seen[-1] == {"cars": 1, "simpsons": None}
    assert set(asked) == {"health"}
    assert mlflow.asked["health"] <= 20
    assert mlflow.asked["registered-models/search"] <= 2


def test_a_file_of_another_server_is_found_out_and_not_relied_on_again(mlflow: FakeMlflow) -> None:
    with running(mlflow) as url:
        watcher = Watcher(mlflow, url, with_file=True)
        for _ in range(4):
            watcher.look()
        mlflow.aliases["cars"] = {"production": 2}  # nothing is written
        found = [watcher.look()["cars"] for _ in range(31)]
        mlflow.aliases["cars"] = {"production": 3}
        then = watcher.look()["cars"]

    assert (found[-1], then) == (2, 3)


def test_aliases_beyond_the_first_page_of_a_server_are_seen(mlflow: FakeMlflow) -> None:
    mlflow.page = 2
    for number in range(5):
        mlflow.point(f"own{number}", production=number + 1)
    with running(mlflow) as url:
        seen = Watcher(mlflow, url, with_file=True).look()

    assert seen == {"cars": 1, "simpsons": None, **{f"own{number}": number + 1 for number in range(5)}}


def test_without_a_file_one_request_a_second_is_enough_however_many_classifiers_there_are(mlflow: FakeMlflow) -> None:
    for number in range(10):
        mlflow.point(f"own{number}", production=1)
    with running(mlflow) as url:
        watcher = Watcher(mlflow, url, with_file=False)
        watcher.look()
        mlflow.asked.clear()
        for _ in range(9):
            watcher.look()

    assert mlflow.asked == {"registered-models/search": 9}


@pytest.mark.parametrize("with_file", [True, False])
def test_an_alias_that_moved_is_seen_at_the_next_look(mlflow: FakeMlflow, with_file: bool) -> None:
    with running(mlflow) as url:
        watcher = Watcher(mlflow, url, with_file=with_file)
        before = [watcher.look() for _ in range(5)][-1]
        mlflow.point("cars", production=2, previous=1)
        moved = watcher.look()
        mlflow.point("cars", production=3, previous=2)  # within the same tick of the file's clock
        again = watcher.look()
        mlflow.point("cars", previous=3)
        removed = watcher.look()

    assert [each["cars"] for each in (before, moved, again, removed)] == [1, 2, 3, None]


def test_a_second_write_that_leaves_no_mark_on_the_file_is_seen_all_the_same(mlflow: FakeMlflow) -> None:
    with running(mlflow) as url:
        watcher = Watcher(mlflow, url, with_file=True)
        mlflow.wall += 1
        mlflow.point("cars", production=2)
        mlflow.wall -= 1
        first = watcher.look()
        mlflow.point("cars", production=3)  # same time, same size
        second = watcher.look()

    assert (first["cars"], second["cars"]) == (2, 3)


def test_a_holder_knows_the_aliases_that_it_holds_now(mlflow: FakeMlflow) -> None:
    with running(mlflow) as url:
        found = Watcher(mlflow, url, with_file=True).lookup.holder("cars", "production")

    assert found is not None
    assert (found.aliases, found.location) == (("previous", "production"), "/artifacts")


def test_a_server_that_is_away_is_noticed_within_seconds_and_asked_at_every_look(mlflow: FakeMlflow) -> None:
    with running(mlflow) as url:
        watcher = Watcher(mlflow, url, with_file=True)
        for _ in range(4):
            watcher.look()
        mlflow.status = 503
        for _ in range(2):
            watcher.look()
        with pytest.raises(RegistryError, match="status 503"):
            watcher.look()
        with pytest.raises(RegistryError, match="status 503"):
            watcher.look()
        mlflow.status = 200
        seen = watcher.look()

    assert seen["cars"] == 1


def test_only_the_file_of_this_homes_own_server_answers_for_a_server(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    Endpoints("127.0.0.1", 1, 5000, 2, 3).save(settings.endpoints_file)

    own = remember_registry(RegistryServer("http://127.0.0.1:5000"), settings)
    other = remember_registry(RegistryServer("http://models.example"), settings)
    tables = RegistryTables("sqlite:///somewhere")

    assert isinstance(own, RememberingLookup)
    assert own._stamp is not None
    assert isinstance(other, RememberingLookup)
    assert other._stamp is None
    assert remember_registry(tables, settings) is tables


def test_a_file_that_was_just_written_is_not_relied_on() -> None:
    stamp = ((5_000_000_000, 10), None)

    assert not is_settled(stamp, 5.5)
    assert is_settled(stamp, 6.5)
    assert not is_settled((None, None), 6.5)
