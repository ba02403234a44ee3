from pathlib import Path

import pytest

from pipelines.datasets.objects import find_cache, object_path, read_dvc_config
from pipelines.datasets.remotes import Remote, connect_remote, decide_remote, fetch_objects
from pipelines.errors import SettingsError
from pipelines.settings import Settings
from tests.pipelines.datasets.versioned import VersionedPets


class ConfigWriter:
    """Stands in for `dvc remote add` and `dvc remote modify`."""

    def __init__(self) -> None:
        self.calls = 0
        self.options: dict[str, str] = {}

    def __call__(self, workspace: Path, *arguments: str) -> None:
        self.calls += 1
        if arguments[1] == "add":
            self.options = {"url": arguments[-1]}
        else:
            self.options[arguments[-2]] = arguments[-1]
        lines = [f"    {name} = {value}\n" for name, value in self.options.items()]
        (workspace / ".dvc" / "config.local").write_text("['remote \"vigia\"']\n" + "".join(lines))


@pytest.fixture
def writer(monkeypatch: pytest.MonkeyPatch) -> ConfigWriter:
    made = ConfigWriter()
    monkeypatch.setattr("pipelines.datasets.remotes.run_dvc", made)
    return made


def test_versions_are_kept_in_a_folder_below_the_home_unless_a_setting_says_otherwise(tmp_path: Path) -> None:
    assert decide_remote(Settings(home=tmp_path), {}) == Remote("vigia", str(tmp_path / "remote"))
    assert decide_remote(Settings(data_remote=str(tmp_path / "disk")), {}) == Remote("vigia", str(tmp_path / "disk"))
    assert decide_remote(
        Settings(data_remote="s3://bucket/pets/", data_remote_endpoint="http://127.0.0.1:9000"), {}
    ) == Remote("vigia", "s3://bucket/pets", "http://127.0.0.1:9000")


def test_a_remote_that_was_configured_by_hand_is_used_and_left_alone(workspace: Path, writer: ConfigWriter) -> None:
    written = "[core]\n    remote = office\n['remote \"office\"']\n    url = /mnt/office\n"
    (workspace / ".dvc" / "config").write_text(written)

    remote = connect_remote(workspace, Settings(home=workspace / ".vigia"))

    assert remote == Remote("office", "/mnt/office")
    assert writer.calls == 0


def test_the_setting_wins_over_a_remote_that_was_configured_by_hand() -> None:
    config = {"core": {"remote": "office"}, "'remote \"office\"'": {"url": "/mnt/office"}}

    assert decide_remote(Settings(data_remote="s3://bucket"), config).url == "s3://bucket"


@pytest.mark.parametrize("address", ["gs://bucket", "s3://", "https://example.org/data"])
def test_an_address_that_is_neither_a_folder_nor_s3_is_refused(address: str) -> None:
    with pytest.raises(SettingsError, match="VIGIA_DATA_REMOTE"):
        decide_remote(Settings(data_remote=address), {})


def test_dvc_is_told_of_the_remote_once_and_to_verify(workspace: Path, writer: ConfigWriter) -> None:
    settings = Settings(data_remote="s3://bucket", data_remote_endpoint="http://127.0.0.1:9000")

    connect_remote(workspace, settings)
    calls = writer.calls
    connect_remote(workspace, settings)

    assert writer.calls == calls
    assert read_dvc_config(workspace)["'remote \"vigia\"'"] == {
        "url": "s3://bucket",
        "verify": "true",
        "endpointurl": "http://127.0.0.1:9000",
    }


def test_an_endpoint_that_is_no_longer_set_is_forgotten(workspace: Path, writer: ConfigWriter) -> None:
    connect_remote(workspace, Settings(data_remote="s3://bucket", data_remote_endpoint="http://127.0.0.1:9000"))

    connect_remote(workspace, Settings(data_remote="s3://bucket"))

    assert "endpointurl" not in read_dvc_config(workspace)["'remote \"vigia\"'"]


def test_nothing_is_asked_of_a_remote_to_which_nothing_was_pushed(pets: VersionedPets, writer: ConfigWriter) -> None:
    assert fetch_objects(pets.workspace, ["0" * 32], pets.settings) == frozenset()
    assert writer.calls == 0


@pytest.mark.integration
def test_single_objects_come_from_the_remote_and_damaged_ones_do_not(pets: VersionedPets) -> None:
    whole, damaged = pets.object_of("cat/cat0.jpg"), pets.damage("cat/cat1.jpg")
    listing = object_path(find_cache(pets.workspace), pets.md5)
    remote = pets.settings.state / "remote" / "files" / "md5"
    for file in (whole, damaged, listing):
        place = object_path(remote, file.parent.name + file.name)
        place.parent.mkdir(parents=True, exist_ok=True)
        file.rename(place)
    wanted = [path.parent.name + path.name for path in (whole, damaged, listing)]
    told: list[str] = []

    came = fetch_objects(pets.workspace, [*wanted, "0" * 32], pets.settings, told.append)

    assert came == {wanted[0], wanted[2]}
    assert (whole.exists(), damaged.exists(), listing.exists()) == (True, False, True)
    assert told[0].startswith("2 objects did not come")
    assert len(told) == 1
