import hashlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from moto.server import ThreadedMotoServer

from pipelines.errors import FrameStoreError, SettingsError
from stream.frames.frame_store import FrameStore, recognise_suffix
from tests.stream.fakes import draw_jpeg


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[FrameStore]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    for name, value in (("ACCESS_KEY_ID", "key"), ("SECRET_ACCESS_KEY", "secret"), ("DEFAULT_REGION", "us-east-1")):
        monkeypatch.setenv(f"AWS_{name}", value)
    host, port = server.get_host_and_port()
    # what an earlier server of this process held is still there
    requests.post(f"http://{host}:{port}/moto-api/reset", timeout=60).raise_for_status()
    requests.put(f"http://{host}:{port}/frames", timeout=60).raise_for_status()
    yield FrameStore("s3://frames/gate", endpoint=f"http://{host}:{port}")
    server.stop()


@pytest.fixture(params=["folder", pytest.param("s3", marks=pytest.mark.integration)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> FrameStore:
    if request.param == "s3":
        found: FrameStore = request.getfixturevalue("s3")
        return found
    return FrameStore(str(tmp_path / "kept"))


def test_what_was_written_comes_back_and_is_listed_and_is_gone_once_deleted(store: FrameStore) -> None:
    contents = {f"{sha256(c)[:2]}/{sha256(c)}.bin": c for c in (b"one", b"two", b"three")}
    store.write(contents)
    store.write(contents)

    for path, content in contents.items():
        assert store.read(path, sha256(content)) == content
    listed = {file.path: file.modified_at for file in store.list_files()}
    assert set(listed) == set(contents)
    assert all(abs(datetime.now(UTC) - moment) < timedelta(minutes=5) for moment in listed.values())

    first, *others = contents
    store.delete(others)
    store.delete(others)
    assert [file.path for file in store.list_files()] == [first]
    with pytest.raises(FrameStoreError, match="gone"):
        store.read(others[0], sha256(contents[others[0]]))


def test_nothing_is_listed_in_a_store_that_was_never_used(store: FrameStore) -> None:
    assert list(store.list_files()) == []


def test_bytes_that_changed_are_told_and_not_handed_out(store: FrameStore) -> None:
    store.write({"ab/x.jpg": b"changed"})

    with pytest.raises(FrameStoreError, match="damaged"):
        store.read("ab/x.jpg", sha256(b"original"))


def test_a_store_belongs_to_one_prediction_store(store: FrameStore) -> None:
    store.claim("host:/one/vigia.db")
    store.claim("host:/one/vigia.db")

    with pytest.raises(FrameStoreError, match=r"host:/one/vigia\.db"):
        store.claim("host:/two/vigia.db")
    assert list(store.list_files()) == []


def test_a_file_that_a_power_cut_left_empty_is_written_again(tmp_path: Path) -> None:
    store = FrameStore(str(tmp_path))
    store.write({"ab/x.jpg": b"whole"})
    (tmp_path / "ab" / "x.jpg").write_bytes(b"")

    store.write({"ab/x.jpg": b"whole"})

    assert (tmp_path / "ab" / "x.jpg").read_bytes() == b"whole"


def test_pictures_of_people_are_for_this_user_alone(tmp_path: Path) -> None:
    FrameStore(str(tmp_path / "kept")).write({"ab/x.jpg": b"x"})

    assert (tmp_path / "kept").stat().st_mode & 0o077 == 0


def test_a_write_that_fails_leaves_no_piece(tmp_path: Path) -> None:
    (tmp_path / "ab" / "x.jpg").mkdir(parents=True)

    with pytest.raises(FrameStoreError, match="VIGIA_FRAMES_URL"):
        FrameStore(str(tmp_path)).write({"ab/x.jpg": b"x"})
    assert os.listdir(tmp_path / "ab") == ["x.jpg"]


@pytest.mark.integration
def test_an_s3_that_does_not_answer_is_told_within_seconds(s3: FrameStore) -> None:
    away = FrameStore("s3://frames/gate", endpoint="http://127.0.0.1:9")

    with pytest.raises(FrameStoreError, match="s3://frames/gate"):
        away.write({"ab/x.jpg": b"x"})
    with pytest.raises(FrameStoreError, match="s3://nobodys"):
        FrameStore("s3://nobodys", endpoint=s3._endpoint).write({"ab/x.jpg": b"x"})


def test_the_free_share_is_that_of_the_disk_below(tmp_path: Path) -> None:
    assert 0 < FrameStore(str(tmp_path / "not" / "there" / "yet")).free_share() <= 1
    assert FrameStore("s3://frames").free_share() == 1


@pytest.mark.parametrize("url", ["ftp://host/x", "s3://", "memory://x"])
def test_an_address_that_is_neither_folder_nor_s3_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="VIGIA_FRAMES_URL"):
        FrameStore(url)


@pytest.mark.parametrize(
    ("content", "suffix"),
    [(draw_jpeg(), "jpg"), (b"\x89PNG\r\n\x1a\nx", "png"), (b"RIFF....WEBPVP8", "webp"), (b'{"a": 1}', "json"),
     (b"GIF89a", "gif"), (b"", "bin"), (b"garbage", "bin")],
)  # fmt: skip
def test_a_suffix_says_what_the_bytes_are(content: bytes, suffix: str) -> None:
    assert recognise_suffix(content) == suffix
