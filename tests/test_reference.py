"""docs/reference says what the code says."""

import re
from collections.abc import Mapping

import pytest
from typer.testing import CliRunner

from docs.make_reference import build_pages
from tests.tree import ROOT
from vigia import COMMANDS, app

Pages = Mapping[str, str]


@pytest.fixture(scope="module")
def pages() -> Pages:
    return build_pages()


@pytest.mark.parametrize("name", ["commands.md", "settings.md", "params.md", "topics-and-tables.md"])
def test_a_page_of_the_reference_is_what_the_code_says(pages: Pages, name: str) -> None:
    written = (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")

    assert written == pages[name], "run `make reference`"


@pytest.mark.parametrize("command", COMMANDS)
def test_the_page_of_commands_names_every_option_that_help_shows(pages: Pages, command: str) -> None:
    sections = re.findall(rf"(?ms)^## (vigia {command}(?: [a-z-]+)?)\n(.*?)(?=^## |\Z)", pages["commands.md"])

    assert sections, f"no section for vigia {command}"
    for words, text in sections:
        shown = CliRunner().invoke(app, [*words.split()[1:], "--help"], env={"COLUMNS": "200", "TERMINAL_WIDTH": "200"})
        options = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", shown.stdout)) - {"--help"}
        assert shown.exit_code == 0, shown.output
        assert {option for option in options if f"`{option}`" not in text} == set(), words


def test_every_field_has_a_sentence(pages: Pages) -> None:
    for name in ("settings.md", "params.md"):
        assert "|  |" not in re.sub(r"\|  \|$", "|", pages[name], flags=re.MULTILINE), name
