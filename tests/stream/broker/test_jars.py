"""The lock, and what happens to jars that are missing, different or out of reach. No test here downloads anything."""

import hashlib
import re
import socket
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.errors import BrokerError
from stream.broker import bundle, jars
from stream.broker.bundle import read_bundle, write_bundle
from stream.broker.jars import Jar, fetch_jars, inspect_jars, jars_folder, load_jar_lock, load_jars

CONTENTS = {"alpha": b"first jar", "beta": b"second jar"}
SMALL_LOCK = tuple(Jar("org.example", name, "1.0", hashlib.sha256(text).hexdigest()) for name, text in CONTENTS.items())


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of jars, and a lock of two."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(jars, "load_jar_lock", lambda: SMALL_LOCK)
    monkeypatch.setattr(bundle, "load_jar_lock", lambda: SMALL_LOCK)
    folder = jars_folder()
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def filled(cache: Path) -> Path:
    """The same folder with both jars."""
    for jar in SMALL_LOCK:
        (cache / jar.file_name).write_bytes(CONTENTS[jar.artifact])
    return cache


@pytest.fixture
def unreachable_registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The resolver's own configuration names a mirror where nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # bound but not listening: refused for as long as the test runs
        configuration = tmp_path / "jgo.conf"
        configuration.write_text(f"[repositories]\ncentral = http://127.0.0.1:{bound.getsockname()[1]}/nowhere\n")
        monkeypatch.setenv("JGO_CONFIG_FILE", str(configuration))
        monkeypatch.setattr(jars, "_PAUSE_SECONDS", 0.0)
        yield


def test_the_lock_names_46_jars_with_a_full_sha256_each_and_no_address() -> None:
    lock = load_jar_lock()

    assert len(lock) == 46
    assert len({jar.file_name for jar in lock}) == 46
    assert all(re.fullmatch(r"[0-9a-f]{64}", jar.sha256) for jar in lock)
    assert "://" not in jars.LOCK_FILE.read_text(encoding="utf-8")


def test_every_kafka_jar_has_the_version_that_we_say() -> None:
    kafka = [jar for jar in load_jar_lock() if jar.group == "org.apache.kafka"]

    assert {jar.version for jar in kafka} == {jars.KAFKA_VERSION}


def test_jars_lie_in_the_cache_of_the_user_so_that_a_second_home_downloads_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    assert jars_folder() == tmp_path / "vigia" / "kafka-4.3.1"


@pytest.mark.parametrize("value", ["", "relative/folder"])
def test_a_cache_variable_that_is_no_absolute_path_counts_as_unset(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", value)

    assert jars_folder() == Path.home() / ".cache" / "vigia" / "kafka-4.3.1"


def test_whole_jars_are_loaded_without_asking_anybody(filled: Path, unreachable_registry: None) -> None:
    assert load_jars() == [filled / "alpha-1.0.jar", filled / "beta-1.0.jar"]


def test_a_jar_with_another_content_is_refused_by_name_with_the_mend(filled: Path) -> None:
    (filled / "beta-1.0.jar").write_bytes(b"second jaR")

    with pytest.raises(BrokerError, match=r"another content in beta-1\.0\.jar\..*`vigia broker fetch`"):
        load_jars()


def test_an_inspection_tells_missing_jars_from_different_ones(filled: Path) -> None:
    (filled / "alpha-1.0.jar").unlink()
    (filled / "beta-1.0.jar").write_bytes(b"")

    findings = inspect_jars(filled, SMALL_LOCK)

    assert [jar.artifact for jar in findings.missing] == ["alpha"]
    assert [jar.artifact for jar in findings.different] == ["beta"]
    assert not findings.whole


def test_an_unreachable_registry_is_answered_with_both_ways_out(cache: Path, unreachable_registry: None) -> None:
    with pytest.raises(BrokerError) as refused:
        load_jars()

    assert "VIGIA_KAFKA_BOOTSTRAP" in str(refused.value)
    assert "vigia broker bundle" in str(refused.value)
    assert "vigia broker fetch --from" in str(refused.value)


def test_a_failed_fetch_leaves_nothing_that_could_be_taken_for_a_jar(cache: Path, unreachable_registry: None) -> None:
    with pytest.raises(BrokerError):
        fetch_jars()

    assert [path.name for path in cache.iterdir()] == [".lock"]


def test_a_bundle_carries_the_jars_to_a_machine_without_a_registry(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unreachable_registry: None
) -> None:
    bundle = tmp_path / "kafka.tar"
    write_bundle(bundle)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))

    taken = read_bundle(bundle)

    assert taken == 2
    assert [path.read_bytes() for path in load_jars()] == [b"first jar", b"second jar"]


def test_the_same_jars_make_the_same_bundle_byte_for_byte(filled: Path, tmp_path: Path) -> None:
    write_bundle(tmp_path / "one.tar")
    (filled / "alpha-1.0.jar").touch()
    write_bundle(tmp_path / "two.tar")

    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()


def test_a_bundle_with_a_changed_jar_is_refused_and_nothing_is_replaced(filled: Path, tmp_path: Path) -> None:
    bundle = make_tar(tmp_path, {"alpha-1.0.jar": b"first jar", "beta-1.0.jar": b"changed"})

    with pytest.raises(BrokerError, match=r"Missing or different: beta-1\.0\.jar\."):
        read_bundle(bundle)

    assert load_jars()


def test_a_bundle_cannot_write_outside_the_folder_of_jars(cache: Path, tmp_path: Path) -> None:
    names = {"../alpha-1.0.jar": b"first jar", "/beta-1.0.jar": b"second jar", "../../evil.txt": b"evil"}

    read_bundle(make_tar(tmp_path, names))

    assert sorted(path.name for path in cache.iterdir()) == [".lock", "alpha-1.0.jar", "beta-1.0.jar"]
    assert not list(tmp_path.rglob("evil.txt"))


@pytest.mark.parametrize("content", [None, b"no tar at all"])
def test_a_file_that_is_no_bundle_is_named(content: bytes | None, cache: Path, tmp_path: Path) -> None:
    file = tmp_path / "bundle.tar"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(BrokerError, match=r"Expected a bundle made by `vigia broker bundle`, received .*bundle\.tar"):
        read_bundle(file)


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))

    with pytest.raises(BrokerError, match="XDG_CACHE_HOME"):
        fetch_jars()


def make_tar(folder: Path, members: dict[str, bytes]) -> Path:
    """A tar with exactly these member names, however unkind."""
    path = folder / "made.tar"
    with tarfile.open(path, "w") as tar:
        for name, content in members.items():
            source = folder / "member"
            source.write_bytes(content)
            member = tar.gettarinfo(source)
            member.name = name
            with source.open("rb") as file:
                tar.addfile(member, file)
    return path
