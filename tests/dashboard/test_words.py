import ast
import re
from pathlib import Path

import pytest

from dashboard import words
from dashboard.words import LANGUAGES, NAMES, TEXTS, Words

FOLDER = Path(words.__file__).parent


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"{(\w+)}", text))


def said_keys() -> set[str]:
    """Every literal first argument of `say` in the dashboard."""
    calls = (
        node
        for file in FOLDER.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "say"
    )
    return {str(call.args[0].value) for call in calls if call.args and isinstance(call.args[0], ast.Constant)}


def test_both_languages_say_the_same_things() -> None:
    assert set(TEXTS) == set(NAMES) == set(LANGUAGES)
    assert TEXTS["en"].keys() == TEXTS["es"].keys()


def test_both_languages_name_the_same_values() -> None:
    differing = [key for key in TEXTS["en"] if placeholders(TEXTS["en"][key]) != placeholders(TEXTS["es"][key])]

    assert differing == []


def test_everything_the_page_says_has_a_text() -> None:
    keys = said_keys()

    assert len(keys) > 20
    assert keys - TEXTS["en"].keys() == set()


def test_every_text_is_said_somewhere() -> None:
    code = "".join(file.read_text(encoding="utf-8") for file in FOLDER.rglob("*.py") if file.name != "words.py")
    code += (FOLDER / "words.py").read_text(encoding="utf-8").partition("class Words")[2]
    made_up = ("overall.", "health.")

    assert [key for key in TEXTS["en"] if f'"{key}"' not in code and not key.startswith(made_up)] == []


def test_foreign_braces_are_left_alone() -> None:
    assert Words("en").say("dead.from", camera="{0.__class__}") == "camera {0.__class__}"


@pytest.mark.parametrize(
    ("seconds", "english", "spanish"),
    [
        (0.4, "now", "ahora"),
        (12.9, "12 s ago", "hace 12 s"),
        (61, "1 min ago", "hace 1 min"),
        (7200, "2 h ago", "hace 2 h"),
    ],
)
def test_an_age_names_its_largest_unit(seconds: float, english: str, spanish: str) -> None:
    assert Words("en").age(seconds).replace("\u202f", " ") == english
    assert Words("es").age(seconds).replace("\u202f", " ") == spanish


def test_numbers_are_written_as_the_language_does() -> None:
    assert Words("en").number(12345.6, 1) == "12,345.6"
    assert Words("es").number(12345.6, 1) == "12\u202f345,6"


def test_confidence_is_not_rounded_up_to_certainty() -> None:
    assert Words("en").percent(0.99999) == "99.9\u202f%"
    assert Words("en").percent(1.0) == "100.0\u202f%"
