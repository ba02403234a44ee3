"""Where weights come from; nothing here reaches a network."""

import socket
from pathlib import Path
from typing import Any

import pytest

from pipelines.datasets.downloads.sources import find_source
from pipelines.errors import ModelError
from pipelines.models import weights
from pipelines.models.weights import DOWNLOADS, IMAGENET_FILES, find_weights, load_base, say_where
from tests.pipelines.models.plans import make_plan


def test_a_file_in_the_folder_is_found_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "mine.h5").touch()

    assert find_weights("mine.h5", "imagenet.h5", tmp_path) == tmp_path / "mine.h5"
    assert find_weights("imagenet", "imagenet.h5", tmp_path) is None


@pytest.mark.parametrize("folder", [None, Path("elsewhere")])
def test_a_named_file_that_is_missing_is_named(folder: Path | None) -> None:
    with pytest.raises(ModelError, match=r"Expected the weights file mine\.h5 in (elsewhere|VIGIA_WEIGHTS_DIR)"):
        find_weights("mine.h5", "imagenet.h5", folder)


@pytest.mark.parametrize("architecture", DOWNLOADS)
def test_what_can_be_downloaded_has_the_name_that_is_looked_up(architecture: str) -> None:
    source = find_source(DOWNLOADS[architecture])

    assert [file.name for file in source.files] == [IMAGENET_FILES[architecture]]
    assert f"`vigia data download {source.name}`" in say_where(architecture)


def test_without_network_and_file_the_error_says_what_to_put_where() -> None:
    def fail(**values: Any) -> Any:
        raise Exception("URL fetch failure on https://example.org: timed out")

    with pytest.raises(ModelError, match=r"URL fetch failure .* Put resnet50_weights_.*\.h5 into a folder"):
        load_base(fail, make_plan("resnet50", weights="imagenet"), None, None)


def test_a_server_that_is_silent_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "PATIENCE_SECONDS", 0.1)

    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()

        def fetch(**values: Any) -> Any:
            with socket.create_connection(silent.getsockname()) as connection:
                return connection.recv(1)

        with pytest.raises(ModelError, match="timed out"):
            load_base(fetch, make_plan("resnet50", weights="imagenet"), None, None)

    assert socket.getdefaulttimeout() is None
