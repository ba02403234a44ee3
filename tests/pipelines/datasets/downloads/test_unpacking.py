import io
import os
import re
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.datasets.downloads import unpacking
from pipelines.datasets.downloads.unpacking import is_archive, unpack_archive
from pipelines.errors import DatasetError

CONTENTS = {"set/a/1.jpg": b"one", "set/b/2.jpg": b"two", "set/list.txt": b"words"}


def make_zip(file: Path, contents: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("empty")
        for name, content in contents.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return file


def make_tar(file: Path, contents: dict[str, bytes], *others: tarfile.TarInfo) -> Path:
    with tarfile.open(file, "w:gz") as archive:
        for name, content in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for other in others:
            archive.addfile(other)
    return file


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


def unpack(archive: Path, folder: Path) -> int:
    return unpack_archive(archive, folder, lambda done: None)


def list_below(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.mark.parametrize(("make", "name"), [(make_zip, "set.zip"), (make_tar, "set.tgz"), (make_tar, "set.tar.gz")])
def test_every_file_lands_below_the_folder(tmp_path: Path, make: Callable[..., Path], name: str) -> None:
    count = unpack(make(tmp_path / name, CONTENTS), tmp_path / "out")

    assert count == 3
    assert list_below(tmp_path / "out") == CONTENTS


@pytest.mark.parametrize("name", ["../out.jpg", "/abs.jpg", "a/../../out.jpg", "..\\out.jpg", "C:\\out.jpg"])
def test_a_name_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    for archive in (make_zip(tmp_path / "s.zip", {name: b"x"}), make_tar(tmp_path / "s.tgz", {name: b"x"})):
        with pytest.raises(DatasetError, match="leads out of"):
            unpack(archive, tmp_path / "deep" / "out")

    assert sorted(path.name for path in tmp_path.rglob("*.jpg")) == []


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path, kind: bytes) -> None:
    archive = make_tar(tmp_path / "set.tgz", CONTENTS, link("set/out", "../../..", kind))

    with pytest.raises(DatasetError, match="'set/out' is a link or a device"):
        unpack(archive, tmp_path / "out")


def test_links_in_a_zip_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        member = zipfile.ZipInfo("out")
        member.external_attr = 0o120777 << 16
        archive.writestr(member, "../../..")

    with pytest.raises(DatasetError, match="'out' is a link"):
        unpack(tmp_path / "set.zip", tmp_path / "out")


def test_a_bomb_is_refused_before_it_fills_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "SMALL_BYTES", 1000)
    content = {"zeros": bytes(2_000_000)}

    for archive in (make_zip(tmp_path / "s.zip", content), make_tar(tmp_path / "s.tgz", content)):
        with pytest.raises(DatasetError, match="It may be a bomb"):
            unpack(archive, tmp_path / "out")

    assert list_below(tmp_path / "out") == {}


def test_a_small_archive_may_unpack_to_much_more_than_it_is(tmp_path: Path) -> None:
    assert unpack(make_zip(tmp_path / "s.zip", {"zeros": bytes(2_000_000)}), tmp_path / "out") == 1


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_an_archive_that_is_cut_short_is_one_line(tmp_path: Path, share: float) -> None:
    noise = {f"{name}.jpg": os.urandom(30_000) for name in "abc"}
    for archive in (make_zip(tmp_path / "s.zip", noise), make_tar(tmp_path / "s.tgz", noise)):
        content = archive.read_bytes()
        archive.write_bytes(content[: int(len(content) * share)])

        with pytest.raises(DatasetError, match=r"is broken: .*then fetch it anew"):
            unpack(archive, tmp_path / "out")


def test_a_zip_with_a_password_is_one_line(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "set.zip", CONTENTS)
    content = bytearray(archive.read_bytes())
    for header in re.finditer(rb"PK\x01\x02", bytes(content)):
        content[header.start() + 8] |= 1  # "encrypted" in the central directory
    archive.write_bytes(content)

    with pytest.raises(DatasetError, match=r"Unpack it by hand"):
        unpack(archive, tmp_path / "out")


@pytest.mark.parametrize(
    ("name", "archive"), [("a.ZIP", True), ("a.tar.gz", True), ("pairs.txt", False), ("a.h5", False)]
)
def test_archives_are_known_by_their_names(name: str, archive: bool) -> None:
    assert is_archive(name) is archive
