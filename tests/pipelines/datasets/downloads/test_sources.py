"""What every declared source promises, without asking any of their servers."""

import re

import pytest

from pipelines.datasets.downloads.source import Source
from pipelines.datasets.downloads.sources import SOURCES, find_source
from pipelines.datasets.layouts.recognition import MODULES
from pipelines.errors import DatasetError
from pipelines.params import load_params
from tests.tree import ROOT, read

each_source = pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)


@each_source
def test_a_source_says_who_may_use_it_and_how_it_is_got(source: Source) -> None:
    assert all((source.title, source.licence, source.users, source.citation))
    assert source.home.startswith("http")
    assert source.files or source.steps, "neither an address nor a way by hand"


@each_source
def test_digests_are_written_in_full(source: Source) -> None:
    for file in source.files:
        assert file.addresses
        assert re.fullmatch(r"[0-9a-f]{64}", file.sha256 or "0" * 64)
        assert re.fullmatch(r"[0-9a-f]{32}", file.md5 or "0" * 32)


@each_source
def test_pictures_go_on_to_a_layout_and_a_classifier_that_are_known(source: Source) -> None:
    if source.layout is not None:
        assert source.layout in MODULES
        assert source.classifier in load_params(ROOT).classifiers


@each_source
def test_the_page_of_downloads_names_every_source_with_its_terms(source: Source) -> None:
    page = " ".join(read("docs/downloads.md").split())

    assert f"`{source.name}`" in page
    assert source.home in page
    assert all(step in page for step in source.steps)


def test_a_name_that_is_nearly_one_is_answered_with_that_one() -> None:
    with pytest.raises(DatasetError, match=r"received 'stanford_car'\. Did you mean stanford_cars\?"):
        find_source("stanford_car")


def test_the_next_command_can_be_typed_whatever_the_folder_is_called() -> None:
    next_command = find_source("lfw").say_next(ROOT / "my downloads")

    assert next_command == f"vigia data import '{ROOT}/my downloads' --classifier celebrities --layout lfw"
