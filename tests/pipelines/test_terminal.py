import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.terminal import escape_unprintable, print_json, show_bytes

ANY_TEXT = st.text(st.characters(exclude_categories=()))
COMMANDS = {chr(code) for code in (*range(32), *range(0x7F, 0xA0), 0x202E, 0x2066, 0x200F)}


@given(ANY_TEXT)
def test_any_text_is_escaped_to_what_a_terminal_and_a_database_take(text: str) -> None:
    escaped = escape_unprintable(text)

    assert escaped.isprintable()
    escaped.encode("utf-8")
    if text.isprintable():
        assert escaped == text


@given(st.binary(max_size=300))
def test_any_bytes_are_shown_without_commands_and_markup(content: bytes) -> None:
    shown = show_bytes(content)

    assert shown.isprintable()
    assert "<" not in shown


def test_long_bytes_are_cut_and_their_number_told() -> None:
    assert show_bytes(b"a" * 500, most=3) == "aaa... (500 bytes)"


@pytest.mark.parametrize(
    "text", ["\x9b2J", "\x1b]0;x\x07", "\u202e", "\ud800", "\x7f", "ñ 📷 <script>", "\u2028\ufeff"]
)
def test_a_document_holds_every_text_and_nothing_that_commands_a_terminal(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_json({text: [text]})

    printed = capsys.readouterr().out
    assert json.loads(printed) == {text: [text]}
    assert not (set(printed) - {"\n"}) & COMMANDS
    assert printed.encode("utf-8")
