"""From a name to a folder, against a server on this machine."""

import hashlib
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from filelock import FileLock

from pipelines.datasets.downloads.downloading import Download, download_source
from pipelines.datasets.downloads.fetching import Patience
from pipelines.datasets.downloads.source import RemoteFile, Source
from pipelines.errors import DatasetError, WorkspaceError
from tests.pipelines.datasets.downloads.server import FileServer
from tests.pipelines.datasets.downloads.test_unpacking import make_tar, make_zip

PICTURES = {
    f"PetImages/{kind}/{number}.jpg": f"{kind}{number}".encode() for kind in ("Cat", "Dog") for number in (1, 2)
}


def make_source(*files: RemoteFile) -> Source:
    return Source(
        "pets",
        "Pets",
        "https://example.org",
        "mine",
        "anybody",
        "nobody",
        files,
        classifier="cats_dogs",
        layout="kaggle_cats_dogs",
        steps=("Ask.",),
    )


@pytest.fixture
def pets(server: FileServer, tmp_path: Path) -> Source:
    """Two files on the server: an archive with its digest, and a list without one."""
    content = make_zip(tmp_path / "made.zip", PICTURES).read_bytes()
    return make_source(
        RemoteFile(
            "pets.zip", (server.serve("/pets.zip", content),), len(content), hashlib.sha256(content).hexdigest()
        ),
        RemoteFile("pairs.txt", (server.serve("/pairs.txt", b"a 1 2"),)),
    )


def download(source: Source, into: Path, given: str | None = None) -> Download:
    return download_source(source, into, lambda text: None, given=given, patience=Patience(60.0, 60.0, 3))


def list_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_source_lands_unpacked_in_its_folder_with_its_terms(pets: Source, tmp_path: Path) -> None:
    done = download(pets, tmp_path / "in")

    assert (done.path, done.pieces, done.unchanged) == (str(tmp_path / "in" / "pets"), 5, False)
    assert [file.verified for file in done.files] == [True, False]
    assert list_below(tmp_path / "in") == {f"pets/{name}" for name in (*PICTURES, "pairs.txt", "download.json")}
    assert json.loads((tmp_path / "in" / "pets" / "download.json").read_text())["licence"] == "mine"


def test_a_second_run_has_nothing_to_do_and_asks_nobody(pets: Source, server: FileServer, tmp_path: Path) -> None:
    first = download(pets, tmp_path)
    server.ranges_asked.clear()

    again = download(pets, tmp_path)

    assert again.unchanged
    assert again.files == first.files
    assert server.ranges_asked == []


def test_a_download_that_broke_off_continues_and_fetches_no_file_twice(
    pets: Source, server: FileServer, tmp_path: Path
) -> None:
    server.paths["/pairs.txt"].statuses = [404]
    with pytest.raises(DatasetError, match="404"):
        download(pets, tmp_path)
    assert not (tmp_path / "pets").exists()
    server.ranges_asked.clear()

    assert download(pets, tmp_path).pieces == 5
    assert len(server.ranges_asked) == 1


def test_nothing_takes_the_folder_before_everything_is_unpacked(
    pets: Source, server: FileServer, tmp_path: Path
) -> None:
    bad = make_zip(tmp_path / "bad.zip", PICTURES | {"../out.jpg": b""}).read_bytes()
    source = make_source(RemoteFile("pets.zip", (server.serve("/bad.zip", bad),)))

    with pytest.raises(DatasetError, match="leads out of"):
        download(source, tmp_path / "in")

    assert not (tmp_path / "in" / "pets").exists()
    assert not (tmp_path / "in" / "out.jpg").exists()


def test_a_folder_that_no_download_wrote_is_left_alone(pets: Source, tmp_path: Path) -> None:
    (tmp_path / "pets").mkdir()

    with pytest.raises(DatasetError, match=r"found one that no download wrote. Name another with --into"):
        download(pets, tmp_path)


def test_files_that_are_gone_are_noticed_instead_of_nothing_to_do(pets: Source, tmp_path: Path) -> None:
    download(pets, tmp_path)
    (tmp_path / "pets" / "PetImages" / "Cat" / "1.jpg").unlink()

    with pytest.raises(DatasetError, match=r"Expected 5 files .* found 4\. Remove the folder"):
        download(pets, tmp_path)


def test_the_disk_is_asked_before_any_server(
    pets: Source, server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.datasets.staging.shutil.disk_usage", lambda path: SimpleNamespace(free=10))

    with pytest.raises(WorkspaceError, match="MB free on the disk"):
        download(pets, tmp_path)

    assert server.ranges_asked == []


def test_two_downloads_into_one_folder_do_not_mix(pets: Source, tmp_path: Path) -> None:
    (tmp_path / "pets.partial").mkdir()

    with (
        FileLock(tmp_path / "pets.partial" / ".lock"),
        pytest.raises(DatasetError, match=r"another process does\. Wait for it"),
    ):
        download(pets, tmp_path)


def test_a_copy_on_another_server_serves_as_well_and_is_compared(
    pets: Source, server: FileServer, tmp_path: Path
) -> None:
    server.serve("/copy/pets.zip", server.paths["/pets.zip"].content)
    server.serve("/copy/pairs.txt", b"a 1 2")
    del server.paths["/pets.zip"]

    assert download(pets, tmp_path, given=server.address("/copy/")).files[0].verified


def test_a_folder_of_this_disk_serves_as_well_and_keeps_its_files(pets: Source, tmp_path: Path) -> None:
    copies = tmp_path / "copies"
    copies.mkdir()
    (tmp_path / "made.zip").rename(copies / "pets.zip")
    (copies / "pairs.txt").write_bytes(b"a 1 2")

    assert download(pets, tmp_path / "in", given=str(copies)).pieces == 5
    assert list_below(copies) == {"pets.zip", "pairs.txt"}


def test_another_file_in_the_place_of_a_copy_is_refused_and_left_where_it_is(pets: Source, tmp_path: Path) -> None:
    other = make_zip(tmp_path / "pets.zip", {"x": b"y"})

    with pytest.raises(DatasetError, match=r"Expected pets.zip with SHA-256 .* It is another file; check --from"):
        download(pets, tmp_path / "in", given=str(other))

    assert other.is_file()


def test_an_archive_that_was_got_by_hand_is_unpacked_with_the_same_care(tmp_path: Path) -> None:
    by_hand = make_source()
    archive = make_tar(tmp_path / "mine.tgz", PICTURES)

    assert download(by_hand, tmp_path / "in", given=str(archive)).pieces == 4


def test_a_source_without_addresses_points_to_its_steps(tmp_path: Path) -> None:
    by_hand = make_source()

    with pytest.raises(DatasetError, match="without an account or an agreement, pets cannot"):
        download(by_hand, tmp_path)


def test_a_path_that_is_not_there_is_named(pets: Source, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"Expected pets.zip at .*nowhere/pets.zip, found nothing"):
        download(pets, tmp_path / "in", given=str(tmp_path / "nowhere"))
