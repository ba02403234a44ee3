"""Real DVC, a folder and an S3 of moto's: what goes out comes back, and nothing damaged travels."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from moto.server import ThreadedMotoServer

from pipelines.datasets.history import read_history
from pipelines.datasets.importing import import_dataset
from pipelines.datasets.keeping import pull_dataset, push_dataset
from pipelines.errors import DatasetError, SettingsError
from pipelines.settings import Settings
from tests.pipelines.datasets.pictures import encode_picture
from tests.pipelines.datasets.versioned import VersionedPets

pytestmark = pytest.mark.integration


@pytest.fixture
def kept(workspace: Path, tmp_path: Path) -> VersionedPets:
    """Six cats and six dogs, recorded by DVC itself and committed."""
    (workspace / ".dvc").rmdir()
    subprocess.run([sys.executable, "-m", "dvc", "init", "--quiet"], cwd=workspace, check=True)
    pets = VersionedPets(workspace, tmp_path / "in")
    pets.commit()
    return pets


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Address of an S3 with the bucket `pets`."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    for name, value in (("ACCESS_KEY_ID", "key"), ("SECRET_ACCESS_KEY", "secret"), ("DEFAULT_REGION", "us-east-1")):
        monkeypatch.setenv(f"AWS_{name}", value)
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    requests.put(f"{address}/pets", timeout=10).raise_for_status()
    yield address
    server.stop()


def snapshot(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def push(pets: VersionedPets, settings: Settings) -> None:
    push_dataset(pets.workspace, "pets", settings, lambda line: None)


def pull(pets: VersionedPets, settings: Settings) -> bool:
    return pull_dataset(pets.workspace, "pets", settings, lambda line: None).transferred


def remote_object(pets: VersionedPets, file: str) -> Path:
    path = pets.object_of(file)
    return pets.settings.state / "remote" / "files" / "md5" / path.parent.name / path.name


def test_what_was_pushed_to_a_folder_comes_back(kept: VersionedPets) -> None:
    before = snapshot(kept.raw)
    push(kept, kept.settings)
    kept.forget_cache()
    kept.forget_folder()

    assert pull(kept, kept.settings)
    assert snapshot(kept.raw) == before
    assert not pull(kept, kept.settings)


def test_what_was_pushed_to_s3_comes_back_and_so_does_the_history(kept: VersionedPets, s3: str) -> None:
    settings = Settings(home=kept.settings.home, data_remote="s3://pets/data", data_remote_endpoint=s3)
    before = snapshot(kept.raw)
    push(kept, settings)
    kept.forget_cache()
    kept.forget_folder()

    (entry,) = read_history(kept.workspace, "pets", settings)
    assert entry.images == 12
    assert pull(kept, settings)
    assert snapshot(kept.raw) == before


def test_an_object_that_was_damaged_on_s3_is_refused_and_named(kept: VersionedPets, s3: str) -> None:
    settings = Settings(home=kept.settings.home, data_remote="s3://pets", data_remote_endpoint=s3)
    push(kept, settings)
    path = kept.object_of("dog/dog1.jpg")
    key = f"files/md5/{path.parent.name}/{path.name}"
    requests.put(
        f"{s3}/pets/{key}", data=b"damaged", headers={"Authorization": "AWS key:any"}, timeout=10
    ).raise_for_status()
    kept.forget_cache()
    kept.forget_folder()

    with pytest.raises(DatasetError, match=rf"dog/dog1\.jpg is damaged \(object {path.parent.name}{path.name}\)"):
        pull(kept, settings)

    assert not kept.raw.exists()


def test_an_s3_that_does_not_answer_is_told_in_one_line(kept: VersionedPets, s3: str) -> None:
    settings = Settings(home=kept.settings.home, data_remote="s3://no-such-bucket", data_remote_endpoint=s3)

    with pytest.raises(DatasetError, match="Check that the remote can be reached") as refused:
        push(kept, settings)

    assert "\n" not in str(refused.value)


def test_an_object_that_was_damaged_or_lost_in_the_folder_is_named(kept: VersionedPets) -> None:
    push(kept, kept.settings)
    damaged, lost = remote_object(kept, "cat/cat0.jpg"), remote_object(kept, "dog/dog0.jpg")
    damaged.chmod(0o644)
    damaged.write_bytes(b"damaged")
    lost.unlink()
    kept.forget_cache()
    kept.forget_folder()

    with pytest.raises(DatasetError, match=r"cat/cat0\.jpg is damaged.*dog/dog0\.jpg is not there"):
        pull(kept, kept.settings)

    assert not kept.raw.exists()


def test_a_damaged_cache_is_mended_from_the_remote(kept: VersionedPets) -> None:
    before = snapshot(kept.raw)
    push(kept, kept.settings)
    damaged = kept.damage("cat/cat0.jpg")
    kept.forget_folder()

    assert pull(kept, kept.settings)
    assert snapshot(kept.raw) == before
    assert damaged.read_bytes() == before["cat/cat0.jpg"]


def test_a_damaged_object_is_never_pushed(kept: VersionedPets) -> None:
    kept.damage("cat/cat0.jpg")

    with pytest.raises(DatasetError, match=r"damaged in the DVC cache: cat/cat0\.jpg"):
        push(kept, kept.settings)

    assert not (kept.settings.state / "remote").exists()


def test_a_dataset_that_was_damaged_is_whole_after_it_is_imported_again(kept: VersionedPets) -> None:
    """DVC leaves an object alone that is there: it must be set aside before the good bytes can come."""
    before = snapshot(kept.raw)
    damaged = kept.damage("cat/cat0.jpg")
    kept.forget_folder()
    with pytest.raises(DatasetError, match=r"remove data/raw/pets\.dvc and import"):
        import_dataset(kept.workspace, kept.source, "pets")

    (kept.workspace / "data/raw/pets.dvc").unlink()
    import_dataset(kept.workspace, kept.source, "pets")

    assert snapshot(kept.raw) == before
    assert damaged.read_bytes() == before["cat/cat0.jpg"]


def test_changes_that_no_version_has_are_not_overwritten(kept: VersionedPets) -> None:
    push(kept, kept.settings)
    mine = kept.raw / "cat" / "mine.jpg"
    mine.write_bytes(encode_picture(90))

    with pytest.raises(DatasetError, match=r"changes that no version has.*dvc add data/raw/pets"):
        pull(kept, kept.settings)

    assert mine.exists()


def test_an_older_version_of_the_record_brings_its_pictures_back(kept: VersionedPets) -> None:
    record, older = kept.workspace / "data/raw/pets.dvc", snapshot(kept.raw)
    text = record.read_text()
    kept.add("cat/new.jpg", 90)
    kept.commit()
    record.write_text(text)

    assert pull(kept, kept.settings)
    assert snapshot(kept.raw) == older


def test_a_remote_that_never_had_the_version_is_told(kept: VersionedPets) -> None:
    kept.forget_cache()
    kept.forget_folder()

    with pytest.raises(DatasetError, match=r"the list of its files is not there.*vigia data push pets"):
        pull(kept, kept.settings)


def test_a_wrong_address_is_refused_before_anything_is_done(kept: VersionedPets) -> None:
    with pytest.raises(SettingsError, match="VIGIA_DATA_REMOTE"):
        push(kept, Settings(home=kept.settings.home, data_remote="gs://pets"))


def test_pictures_that_the_cache_lacks_are_not_pushed_by_halves(kept: VersionedPets) -> None:
    kept.object_of("cat/cat0.jpg").unlink()

    with pytest.raises(DatasetError, match=r"it lacks some.*dvc add data/raw/pets"):
        push(kept, kept.settings)
