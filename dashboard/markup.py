"""HTML that escapes by construction: text becomes HTML only through `element`, which escapes it."""

from html import escape
from typing import Final

WITHOUT_END: Final = frozenset({"br", "img", "wbr"})


class Html(str):
    """Text that is HTML already. Only this module and literals in the code make it, never foreign text."""

    __slots__ = ()


def element(name: str, *children: str | None, **attributes: str | float | None) -> Html:
    """One element. Children that are no `Html` are escaped; None is left out, as a child and as an attribute.

    An underscore at an attribute's end is dropped, others become dashes: `class_`, `aria_label`.
    """
    parts = [
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value), quote=True)}"'
        for key, value in attributes.items()
        if value is not None
    ]
    opening = f"<{name}{''.join(parts)}>"
    return Html(opening if name in WITHOUT_END else f"{opening}{join(*children)}</{name}>")


def join(*children: str | None) -> Html:
    """Children one after the other, escaped where they are plain text."""
    present = (child for child in children if child is not None)
    return Html("".join(child if isinstance(child, Html) else escape(child, quote=True) for child in present))


def with_code(text: str) -> Html:
    """Plain text in which `words between backticks` are commands."""
    parts = text.split("`")
    return join(*(element("code", part) if number % 2 else part for number, part in enumerate(parts)))
