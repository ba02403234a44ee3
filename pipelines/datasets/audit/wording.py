"""Numbers and names in a finding's sentence."""

from collections.abc import Sequence

SHOWN = 8


def say_count(number: int, noun: str, plural: str | None = None) -> str:
    """`1 picture`, `1,200 pictures`."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def say_list(words: Sequence[str], shown: int = SHOWN) -> str:
    """The first few, and how many more."""
    more = f" and {len(words) - shown:,} more" if len(words) > shown else ""
    return ", ".join(words[:shown]) + more
