"""Class names as a contract: an ordered list in which every class has one name, and no two are taken for each other.

Loading and importing refuse a list that breaks it, with every finding in one message; near spellings only warn.
"""

import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, Final

from pipelines.errors import DatasetError, ModelError

SHORTEST_NEAR: Final = 5
"""Letters of the shortest name that counts as a near spelling of another: Fiat is no Seat."""
MOST_BYTES: Final = 4_000_000
MOST_CLASSES: Final = 100_000


@dataclass(frozen=True, slots=True)
class ClassNamesFile:
    """What a JSON file of class names says, before it is checked."""

    names: tuple[object, ...]
    """By index; None where the file has no name for an index."""
    understood: str
    """How the file was read, in words."""
    findings: tuple[str, ...] = ()
    """What the list alone does not show: an index named twice."""


def check_class_names(
    names: Sequence[object], *, head_size: int | None = None, found: Sequence[str] = (), mend: str = ""
) -> None:
    """Raises ModelError naming every finding, those `found` before among them. `head_size` is the network's."""
    findings = [*found, *list_faults(names, head_size)]
    if findings:
        raise ModelError(
            f"Expected one distinct name a class of the model. Found: {'; '.join(findings)}. "
            f"{mend or 'Correct the list of class names.'}"
        )


def order_labels(labels: Iterable[str]) -> tuple[str, ...]:
    """The different labels of a dataset, sorted: its class names. Raises DatasetError naming every finding."""
    names = tuple(sorted(set(labels)))
    if len(names) < 2:
        raise DatasetError(
            f"Expected at least two classes, found {len(names)} ({', '.join(names) or 'none'}). "
            "Add a folder with pictures of another class."
        )
    findings = list_faults(names)
    if findings:
        raise DatasetError(
            f"Expected class names that differ by more than case or spaces. Found: {'; '.join(findings)}. "
            "Merge or rename these folders."
        )
    return names


def list_faults(names: Sequence[object], head_size: int | None = None) -> tuple[str, ...]:
    """Every finding in words: gaps, blanks, outer spaces, equal but for case or spaces, a head of another size."""
    findings = [] if len(names) >= 2 else [f"at least 2 expected, {len(names)} received"]
    seen: dict[str, int] = {}
    for index, name in enumerate(names):
        if name is None:
            findings.append(f"number {index} is missing")
            continue
        if not isinstance(name, str) or not name.strip():
            findings.append(f"number {index} is {'blank' if isinstance(name, str) else f'no text but {name!r:.40}'}")
            continue
        if name != name.strip():
            findings.append(f"number {index} {name!r} begins or ends with a space")
        if not name.isprintable():
            findings.append(f"number {index} {name!r} holds characters that cannot be printed")
        first = seen.setdefault(_fold(name), index)
        if first != index:
            findings.append(f"number {index} {name!r} repeats number {first} {names[first]!r}")
    if head_size is not None and head_size != len(names):
        findings.append(f"{len(names)} names for a head of {head_size} classes")
    return tuple(findings)


def list_near_spellings(names: Sequence[object]) -> tuple[str, ...]:
    """Pairs that may be one class spelt in two ways: a letter apart, or equal but for accents and punctuation.

    Only a warning: Toyota and Toyata are surely one make, Dodge and Lodge are two. Names whose digits differ are
    not near: A4 and A6 are meant.
    """
    texts = sorted({name.strip() for name in names if isinstance(name, str) and name.strip()})
    groups: dict[str, list[str]] = defaultdict(list)
    for text in texts:
        plain = _plain(text)
        for key in {plain, *(plain[:i] + plain[i + 1 :] for i in range(len(plain)))}:
            groups[key].append(text)
    pairs = {pair for same in groups.values() for pair in combinations(same, 2) if _is_near(*pair)}
    return tuple(f"{first!r} and {second!r}" for first, second in sorted(pairs))


def read_class_names(file: Path) -> ClassNamesFile:
    """A JSON list in the head's order, or an object of index -> name or name -> index.

    Raises ModelError for a file of another kind; its names are checked with `check_class_names`.
    """
    try:
        if file.stat().st_size > MOST_BYTES:
            raise ModelError(f"Expected a list of class names in {file}, received {file.stat().st_size:,} bytes.")
        document = json.loads(file.read_text(encoding="utf-8-sig"), object_pairs_hook=_Pairs)
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ModelError(
            f"Expected class names as JSON in {file}: {reason}. Write a list in the order of the model's outputs."
        ) from error
    if isinstance(document, list):
        return ClassNamesFile(tuple(document), "a list in the order of the head")
    pairs = document.pairs if isinstance(document, _Pairs) else []
    if pairs and all(_is_index(value) for _, value in pairs):
        return _place([(int(value), key) for key, value in pairs], "an object of name: index")
    if pairs and all(key.isascii() and key.isdigit() and len(key) < 10 for key, _ in pairs):
        return _place([(int(key), value) for key, value in pairs], "an object of index: name")
    raise ModelError(
        f"Expected class names in {file}, a list or an object of index: name or name: index, received "
        f"another shape. Write a list in the order of the model's outputs."
    )


class _Pairs:
    """A JSON object with every pair it has, also where a key comes twice."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        self.pairs = pairs


def _place(pairs: list[tuple[int, object]], understood: str) -> ClassNamesFile:
    highest = max(index for index, _ in pairs)
    if highest >= MOST_CLASSES:
        raise ModelError(f"Expected indices of classes below {MOST_CLASSES:,}, received {highest}. Number them from 0.")
    names: list[object] = [None] * (highest + 1)
    findings = []
    for index, name in pairs:
        if names[index] is not None:
            findings.append(f"number {index} is both {names[index]!r} and {name!r}")
        names[index] = "" if name is None else name
    return ClassNamesFile(tuple(names), understood, tuple(findings))


def _is_index(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9


def _fold(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def _plain(name: str) -> str:
    """Letters and digits alone, without accents."""
    return re.sub(r"[^\w]|_", "", unicodedata.normalize("NFKD", _fold(name)))


def _is_near(first: str, second: str) -> bool:
    one, other = _plain(first), _plain(second)
    if _fold(first) == _fold(second) or re.findall(r"\d+", one) != re.findall(r"\d+", other):
        return False
    if one == other:
        return True
    if min(len(one), len(other)) < SHORTEST_NEAR:
        return False
    # what is left between the common beginning and the common end
    while one and other and one[0] == other[0]:
        one, other = one[1:], other[1:]
    while one and other and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    return max(len(one), len(other)) == 1 or (len(one) == 2 and one == other[::-1])
