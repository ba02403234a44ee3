import tarfile
from pathlib import Path

import pytest

from pipelines.datasets.layouts.reading.archives import Member, read_members
from pipelines.datasets.manifest import Rejected
from tests.pipelines.datasets.layouts.sources import add_member, make_archive


def test_a_member_is_a_place_in_the_archive(tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "a.tar", {"x/1.jpg": b"one", "a" * 150 + ".jpg": b"two"})

    first, second = read_members(archive)

    assert isinstance(first, Member)
    assert isinstance(second, Member)
    assert archive.read_bytes()[second.offset : second.offset + second.size] == b"two"
    assert [first.name, second.name] == ["x/1.jpg", "a" * 150 + ".jpg"]


@pytest.mark.parametrize("name", ["../out.jpg", "/etc/out.jpg", "x/../../out.jpg"])
def test_a_name_that_leads_out_is_rejected(tmp_path: Path, name: str) -> None:
    (found,) = read_members(make_archive(tmp_path / "a.tar", {name: b"one"}))

    assert found == Rejected(name, "Expected a name within the archive, received one that leads out.")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_rejected(tmp_path: Path, kind: bytes) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        header = tarfile.TarInfo("1.jpg")
        header.type, header.linkname = kind, "/etc/hostname"
        tar.addfile(header)

    (found,) = read_members(tmp_path / "a.tar")

    assert found == Rejected("1.jpg", "Expected an ordinary file, received a link, a device or a file with holes.")


def test_folders_and_hidden_files_are_passed_over(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        header = tarfile.TarInfo("x")
        header.type = tarfile.DIRTYPE
        tar.addfile(header)
        add_member(tar, "x/._1.jpg", b"resource fork")

    assert list(read_members(tmp_path / "a.tar")) == []


@pytest.mark.parametrize("size", [-512, 1 << 40])
@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE])
def test_a_size_that_lies_ends_the_archive_with_a_reason(tmp_path: Path, kind: bytes, size: int) -> None:
    archive = make_archive(tmp_path / "a.tar", {"1.jpg": b"one"})
    header = tarfile.TarInfo("2.jpg")
    header.type, header.size = kind, size
    content = archive.read_bytes()[:1024]
    archive.write_bytes(content + header.tobuf(tarfile.GNU_FORMAT) + bytes(1024))

    first, *others = read_members(archive)

    assert isinstance(first, Member)
    assert isinstance(others[-1], Rejected)
    assert all(isinstance(each, Rejected) for each in others)


def test_a_damaged_header_in_the_midst_is_not_taken_for_the_end(tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "a.tar", {"1.jpg": b"one", "2.jpg": b"two", "3.jpg": b"three"})
    content = bytearray(archive.read_bytes())
    content[1024 + 10] ^= 0xFF
    archive.write_bytes(content)

    found = list(read_members(archive))

    assert [type(each) for each in found] == [Member, Rejected]


def test_a_limit_ends_the_reading_early_without_a_word_about_the_rest(tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "a.tar", {f"{number}.jpg": b"one" for number in range(5)})

    assert len(list(read_members(archive, 2))) == 2


def test_a_file_that_is_not_there_is_rejected(tmp_path: Path) -> None:
    (found,) = read_members(tmp_path / "a.tar")

    assert isinstance(found, Rejected)
