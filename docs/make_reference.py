"""Write the pages of docs/reference that the code can tell: `python -m docs.make_reference`, or `make reference`.

tests/test_reference.py compares them with the code.
"""

from pathlib import Path
from typing import Final

from docs.pages.commands import build_commands_page
from docs.pages.data import build_data_page
from docs.pages.models import build_params_page, build_settings_page

FOLDER: Final = Path(__file__).parent / "reference"


def build_pages() -> dict[str, str]:
    """File name below docs/reference to its text."""
    return {
        "commands.md": build_commands_page(),
        "settings.md": build_settings_page(),
        "params.md": build_params_page(),
        "topics-and-tables.md": build_data_page(),
    }


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in build_pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
