"""Against a server on this machine that breaks off, lies, redirects, hangs and forgets."""

import hashlib
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipelines.datasets.downloads.fetching import FetchedFile, Patience, fetch_file
from pipelines.datasets.downloads.source import RemoteFile
from pipelines.errors import DatasetError, WorkspaceError
from tests.pipelines.datasets.downloads.server import FileServer

CONTENT = bytes(range(256)) * 4096  # 1 MiB: more than fits between two sockets
SHA256 = hashlib.sha256(CONTENT).hexdigest()
PATIENCE = Patience(60.0, 60.0, 3)  # requests are counted: none may be repeated because the machine was slow


def fetch(
    folder: Path,
    *addresses: str,
    sha256: str | None = SHA256,
    size: int | None = None,
    patience: Patience = PATIENCE,
) -> FetchedFile:
    file = RemoteFile("set.zip", addresses, size_bytes=size, sha256=sha256)
    return fetch_file(file, folder, lambda done, total: None, patience)


def test_a_file_comes_whole_and_compared_with_its_digest(server: FileServer, tmp_path: Path) -> None:
    fetched = fetch(tmp_path, server.serve("/set.zip", CONTENT))

    assert fetched == FetchedFile("set.zip", len(CONTENT), SHA256, verified=True)
    assert (tmp_path / "set.zip").read_bytes() == CONTENT
    assert [path.name for path in tmp_path.iterdir()] == ["set.zip"]


def test_a_file_without_a_published_digest_says_that_nothing_was_compared(server: FileServer, tmp_path: Path) -> None:
    fetched = fetch(tmp_path, server.serve("/set.zip", CONTENT), sha256=None)

    assert (fetched.sha256, fetched.verified) == (SHA256, False)


def test_an_md5_is_compared_where_it_is_all_that_was_published(server: FileServer, tmp_path: Path) -> None:
    file = RemoteFile("set.zip", (server.serve("/set.zip", CONTENT),), md5="0" * 32)

    with pytest.raises(DatasetError, match=r"with MD5 0{32}, received"):
        fetch_file(file, tmp_path, lambda done, total: None)


def test_after_a_break_only_the_rest_is_asked_for(server: FileServer, tmp_path: Path) -> None:
    fetched = fetch(tmp_path, server.serve("/set.zip", CONTENT, cuts=[400_000]))

    assert fetched.verified
    first, second = server.ranges_asked
    assert first is None
    assert second is not None
    assert 0 < int(second.removeprefix("bytes=").removesuffix("-")) <= 400_000


def test_breaks_that_bring_something_each_time_are_borne_beyond_the_attempts(
    server: FileServer, tmp_path: Path
) -> None:
    address = server.serve("/set.zip", CONTENT, cuts=[150_000] * 6)

    assert fetch(tmp_path, address).verified
    assert len(server.ranges_asked) == 7


def test_a_later_run_continues_what_an_earlier_one_kept(server: FileServer, tmp_path: Path) -> None:
    address = server.serve("/set.zip", CONTENT, cuts=[400_000, 0, 0, 0, 0, 0])
    with pytest.raises(DatasetError, match=r"[\d,]+ bytes are kept; the same command continues"):
        fetch(tmp_path, address)
    server.paths["/set.zip"].cuts.clear()
    server.ranges_asked.clear()

    assert fetch(tmp_path, address).verified
    assert len(server.ranges_asked) == 1
    assert server.ranges_asked[0] is not None


def test_a_server_that_knows_no_ranges_is_asked_for_all_of_it_anew(server: FileServer, tmp_path: Path) -> None:
    assert fetch(tmp_path, server.serve("/set.zip", CONTENT, ranges=False, cuts=[400_000])).verified


def test_a_file_that_changed_meanwhile_is_begun_anew_instead_of_mixed(server: FileServer, tmp_path: Path) -> None:
    other = CONTENT[::-1]
    address = server.serve("/set.zip", other, etag='"old"', cuts=[400_000, 0, 0, 0, 0, 0])
    with pytest.raises(DatasetError):
        fetch(tmp_path, address)

    assert fetch(tmp_path, server.serve("/set.zip", CONTENT, etag='"new"')).verified


def test_a_partial_file_of_another_address_is_not_continued(server: FileServer, tmp_path: Path) -> None:
    broken = server.serve("/broken.zip", CONTENT[::-1], cuts=[400_000, 0, 0, 0, 0, 0])

    assert fetch(tmp_path, broken, server.serve("/set.zip", CONTENT)).verified


def test_a_file_that_had_come_whole_when_the_process_died_gets_its_name(server: FileServer, tmp_path: Path) -> None:
    address = server.serve("/set.zip", CONTENT, cuts=[400_000, 0, 0, 0, 0, 0])
    with pytest.raises(DatasetError):
        fetch(tmp_path, address)
    (tmp_path / "set.zip.partial").write_bytes(CONTENT)
    server.paths["/set.zip"].cuts.clear()

    assert fetch(tmp_path, address).verified


def test_another_content_is_named_and_set_aside(server: FileServer, tmp_path: Path) -> None:
    address = server.serve("/set.zip", CONTENT)

    with pytest.raises(DatasetError, match=rf"Expected set.zip with SHA-256 f+, received {SHA256}\. It was set aside"):
        fetch(tmp_path, address, sha256="f" * 64)

    assert [path.name for path in tmp_path.iterdir()] == ["set.zip.wrong"]


@pytest.mark.parametrize(
    ("status", "mend"), [(404, "has moved"), (403, "hand it over with --from FILE"), (410, "gone"), (418, "--from")]
)
def test_a_refusal_says_its_status_and_its_mend_and_is_not_repeated(
    server: FileServer, tmp_path: Path, status: int, mend: str
) -> None:
    with pytest.raises(DatasetError, match=f"received status {status} .*{mend}"):
        fetch(tmp_path, server.serve("/set.zip", statuses=[status] * 9))

    assert len(server.ranges_asked) == 1


def test_a_server_that_stumbles_is_asked_again(server: FileServer, tmp_path: Path) -> None:
    assert fetch(tmp_path, server.serve("/set.zip", CONTENT, statuses=[500, 503])).verified


def test_a_server_that_stays_down_is_left_after_some_attempts(server: FileServer, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"received status 500\. Try again later"):
        fetch(tmp_path, server.serve("/set.zip", statuses=[500] * 9))

    assert len(server.ranges_asked) == 3


def test_a_server_that_sends_nothing_more_is_left_with_what_came(server: FileServer, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"the line broke.* bytes are kept"):
        fetch(tmp_path, server.serve("/set.zip", CONTENT, hangs=True), patience=Patience(60.0, 0.5, 3))

    assert 0 < (tmp_path / "set.zip.partial").stat().st_size < len(CONTENT)


def test_nobody_at_an_address_is_one_line(server: FileServer, tmp_path: Path) -> None:
    address = server.address("/set.zip")
    server.shutdown()
    server.server_close()

    with pytest.raises(DatasetError, match="the line broke"):
        fetch(tmp_path, address)


def test_redirects_are_followed(server: FileServer, tmp_path: Path) -> None:
    server.serve("/there/set.zip", CONTENT)

    assert fetch(tmp_path, server.serve("/set.zip", location="/there/set.zip")).verified


def test_redirects_in_a_circle_end(server: FileServer, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="at most 5 redirects"):
        fetch(tmp_path, server.serve("/set.zip", location="/set.zip"))


def test_a_redirect_to_another_kind_of_address_is_refused(server: FileServer, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="redirect to http or https, received 'file:///etc/passwd'"):
        fetch(tmp_path, server.serve("/set.zip", location="file:///etc/passwd"))


def test_a_length_that_promises_too_much_is_noticed(server: FileServer, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="the line broke"):
        fetch(tmp_path, server.serve("/set.zip", CONTENT, length=len(CONTENT) + 10, ranges=False))


def test_a_length_that_promises_too_much_does_no_harm_where_the_rest_can_be_asked_for(
    server: FileServer, tmp_path: Path
) -> None:
    assert fetch(tmp_path, server.serve("/set.zip", CONTENT, length=len(CONTENT) + 10)).verified


def test_a_length_that_promises_too_little_makes_another_file(server: FileServer, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="with SHA-256"):
        fetch(tmp_path, server.serve("/set.zip", CONTENT, length=1000))


def test_another_length_than_the_published_one_is_refused_before_a_byte_is_kept(
    server: FileServer, tmp_path: Path
) -> None:
    with pytest.raises(DatasetError, match=r"Expected 999 bytes of set\.zip, .* announces 1,048,576"):
        fetch(tmp_path, server.serve("/set.zip", CONTENT), size=999)

    assert list(tmp_path.iterdir()) == []


def test_a_web_page_in_the_place_of_a_file_is_refused(server: FileServer, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="answers with a web page"):
        fetch(tmp_path, server.serve("/set.zip", b"<html>log in</html>", kind="text/html; charset=utf-8"))


def test_a_disk_without_room_is_refused_before_a_byte_is_kept(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.datasets.staging.shutil.disk_usage", lambda path: SimpleNamespace(free=1000))

    with pytest.raises(WorkspaceError, match="MB free on the disk"):
        fetch(tmp_path, server.serve("/set.zip", CONTENT))

    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_keeps_what_has_come_for_the_next_run(server: FileServer, tmp_path: Path) -> None:
    file = RemoteFile("set.zip", (server.serve("/set.zip", CONTENT),), sha256=SHA256)

    def stop(done: int, total: int | None) -> None:
        if done > 500_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch_file(file, tmp_path, stop)

    kept = (tmp_path / "set.zip.partial").stat().st_size
    assert kept > 500_000
    assert fetch_file(file, tmp_path, lambda done, total: None).verified
    assert server.ranges_asked[-1] == f"bytes={kept}-"
