import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from pipelines.datasets.layouts import recognition
from pipelines.datasets.layouts.recognition import LAYOUTS, MODULES, check_layout, load_layout, read_source
from pipelines.errors import DatasetError
from tests.pipelines.datasets.layouts.sources import put
from tests.tree import list_files, read


def test_every_layout_that_is_listed_says_what_it_needs_and_has_a_page() -> None:
    assert LAYOUTS[0] == "auto"
    for name in MODULES:
        assert load_layout(name).NEEDS
        assert f"docs/layouts/{name.replace('_', '-')}.md" in list_files()


def test_the_layout_that_the_docs_add_works_by_one_module_and_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", read("docs/layouts/new-layout.md"), re.DOTALL)
    module = ModuleType("birds")
    exec(code, module.__dict__)  # noqa: S102
    monkeypatch.setitem(sys.modules, "pipelines.datasets.layouts.birds", module)
    monkeypatch.setattr(recognition, "MODULES", ("birds", *MODULES))
    put(tmp_path, "birds.txt", "great_tit_0001.jpg", "wren_0001.jpg")

    listing = read_source(tmp_path)

    assert (listing.layout, listing.evidence) == ("birds", "birds.txt")
    assert [each.label for each in listing.pictures] == ["great_tit", "wren"]


def test_a_layout_that_is_not_known_is_answered_by_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"Expected a layout of auto, compcars, .* received 'imagenet'\."):
        read_source(tmp_path, "imagenet")
    assert check_layout("lfw") == "lfw"


def test_nothing_a_file_of_another_kind_and_a_broken_link_are_told_apart(tmp_path: Path) -> None:
    put(tmp_path, "pictures.zip")
    (tmp_path / "link").symlink_to("missing")

    with pytest.raises(DatasetError, match="found nothing"):
        read_source(tmp_path / "missing")
    with pytest.raises(DatasetError, match="found nothing"):
        read_source(tmp_path / "link")
    with pytest.raises(DatasetError, match=r"received the file .*pictures\.zip\. Give its folder, or unpack it first"):
        read_source(tmp_path / "pictures.zip")


@pytest.mark.parametrize("name", [name for name in MODULES if name != "class_folders"])
def test_a_layout_that_is_named_but_not_there_says_what_it_needs(tmp_path: Path, name: str) -> None:
    put(tmp_path, "notes.txt")

    with pytest.raises(DatasetError, match=r"^Expected "):
        read_source(tmp_path, name)


def test_people_are_recognised_only_for_their_classifier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIGIA_WEIGHTS_DIR", raising=False)
    put(tmp_path, "ada/1.jpg", "alan/2.jpg")

    assert read_source(tmp_path).layout == "class_folders"
    assert read_source(tmp_path, classifier="cars").layout == "class_folders"
    assert read_source(tmp_path, classifier="celebrities").layout == "celebrities"


def test_a_class_folder_that_links_to_its_parent_ends_in_a_rejection(tmp_path: Path) -> None:
    put(tmp_path, "cat/1.jpg", "dog/2.jpg")
    (tmp_path / "loop").symlink_to(".")

    listing = read_source(tmp_path)

    assert {each.label for each in listing.pictures} == {"cat", "dog"}
    assert [each.file for each in listing.rejected] == ["loop"]


def test_folders_nested_deeper_than_the_stack_are_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def walk(folder: Path, **more: object) -> object:
        raise RecursionError  # Python 3.11 walks by calling itself; a folder that deep takes seconds to make and remove

    monkeypatch.setattr("os.walk", walk)
    put(tmp_path, "cat/1.jpg", "dog/2.jpg")

    with pytest.raises(DatasetError, match="Expected folders of a sensible depth"):
        read_source(tmp_path)


def test_names_with_spaces_accents_emoji_and_line_ends_are_names_like_others(tmp_path: Path) -> None:
    put(tmp_path, "a b/1.jpg", "Cafe\u0301/2\n.jpg", "😀/3 .jpg")

    listing = read_source(tmp_path)

    assert {each.label for each in listing.pictures} == {"a b", "Café", "😀"}
    assert {each.path.read_bytes() for each in listing.pictures} == {b"picture"}


def test_a_relative_source_gives_paths_that_lead_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "source/cat/1.jpg", "source/dog/2.jpg")
    monkeypatch.chdir(tmp_path)

    assert all(each.path.is_file() for each in read_source(Path("source")).pictures)
