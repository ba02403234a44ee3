"""Checks on classes: too few pictures, far fewer than others, names that differ by a slip of the pen."""

import re
import unicodedata
from collections import defaultdict
from itertools import combinations
from typing import Final

from pipelines.datasets.audit.audited import AuditedDataset
from pipelines.datasets.audit.findings import Evidence
from pipelines.datasets.audit.wording import say_count, say_list

SHORTEST_MISSPELT: Final = 5
"""Letters of the shortest word in which one letter more or less is taken for a slip: `cat` and `coat` are two words."""
SHORTEST_SUBSTITUTED: Final = 8
"""The same for one letter in another's place: `horse` and `house`, `monkey` and `donkey` are words."""
SHORTEST_MISHEARD: Final = 6
"""The same for one vowel in another's place: `camaro` and `camero`."""
VOWELS: Final = frozenset("aeiouy")


def find_small_classes(dataset: AuditedDataset) -> Evidence | None:
    bound = dataset.params.class_pictures
    small = sorted((count, name) for name, count in dataset.class_sizes.items() if count < bound)
    if not small:
        return None
    named = say_list([f"{name} ({count})" for count, name in small])
    return Evidence(
        f"{say_count(len(small), 'class', 'classes')} with fewer than {bound} pictures: {named}. "
        "Add pictures: little can be learnt or measured on so few.",
        count=len(small),
        classes=tuple(name for _, name in small),
    )


def find_imbalance(dataset: AuditedDataset) -> Evidence | None:
    sizes = dataset.class_sizes
    if not sizes:
        return None
    largest = max(sizes, key=lambda name: (sizes[name], name))
    ratio = dataset.params.imbalance_ratio
    small = sorted((sizes[name], name) for name in sizes if sizes[largest] > ratio * sizes[name])
    if not small:
        return None
    named = say_list([f"{name} ({count})" for count, name in small])
    return Evidence(
        f"{largest} has {say_count(sizes[largest], 'picture')}, more than {ratio:g} times those of {named}. "
        "Add pictures to the small classes or thin the large one out; judge by macro-F1, not by accuracy.",
        count=len(small),
        classes=tuple(name for _, name in small),
    )


def find_similar_names(dataset: AuditedDataset) -> Evidence | None:
    pairs = list_similar_names(sorted(dataset.class_sizes))
    if not pairs:
        return None
    named = say_list([f"{first!r} and {second!r}" for first, second in pairs])
    return Evidence(
        f"Classes that may be one: {named}. Give both folders one name, or map one to the other in "
        "prepare.label_names.",
        count=len(pairs),
        classes=tuple(name for pair in pairs for name in pair),
    )


def list_similar_names(names: list[str]) -> list[tuple[str, str]]:
    """Pairs that differ only in case, accents, spaces, punctuation, a plural's s, or one slip in a long word.

    Numbers are never slips: `bmw_m3` and `bmw_m5`, `audi_a4` and `audi_s4` are two models.
    """
    candidates: defaultdict[str, set[str]] = defaultdict(set)
    for name in names:
        for key in _deletions("".join(_split_words(name))):
            candidates[key].add(name)
    pairs = {pair for alike in candidates.values() for pair in combinations(sorted(alike), 2)}
    return sorted((first, second) for first, second in pairs if are_similar(first, second))


def are_similar(first: str, second: str) -> bool:
    """Whether two class names may mean the same class."""
    words_a, words_b = _split_words(first), _split_words(second)
    if _numbers(words_a) != _numbers(words_b):
        return False
    joined_a, joined_b = "".join(words_a), "".join(words_b)
    if joined_a == joined_b:
        return True
    if len(words_a) != len(words_b):
        return _is_slip(joined_a, joined_b)
    different = [(a, b) for a, b in zip(words_a, words_b, strict=True) if a != b]
    return len(different) == 1 and _is_slip(*different[0])


def _is_slip(first: str, second: str) -> bool:
    """One letter missing, doubled, exchanged with its neighbour, or, in a long word, replaced; or a plural's s."""
    shorter, longer = sorted((first, second), key=len)
    if any(character.isdigit() for character in first + second):
        return False
    if longer in (f"{shorter}s", f"{shorter}es"):
        return len(shorter) >= 3
    if len(longer) < SHORTEST_MISSPELT:
        return False
    if len(longer) == len(shorter) + 1:
        return any(longer[:place] + longer[place + 1 :] == shorter for place in range(1, len(longer)))
    if len(longer) != len(shorter):
        return False
    wrong = [place for place, (a, b) in enumerate(zip(first, second, strict=True)) if a != b]
    if len(wrong) == 2 and wrong[1] == wrong[0] + 1:
        return first[wrong[0]] == second[wrong[1]] and first[wrong[1]] == second[wrong[0]]
    misheard = {first[place] for place in wrong} | {second[place] for place in wrong} <= VOWELS and wrong != [0]
    return len(wrong) == 1 and len(longer) >= (SHORTEST_MISHEARD if misheard else SHORTEST_SUBSTITUTED)


def _split_words(name: str) -> list[str]:
    """Lower-case words without accents; what is neither letter nor digit separates."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c))
    return [word for word in re.split(r"[\W_]+", plain) if word]


def _numbers(words: list[str]) -> list[str]:
    return [word for word in words if any(character.isdigit() for character in word)]


def _deletions(joined: str) -> set[str]:
    """The word and the word without each of its letters: two words one slip apart share one of these.

    After Garbe's symmetric delete index: candidates without comparing every name with every other. `es` needs two.
    """
    return {joined, joined.removesuffix("es"), *(joined[:place] + joined[place + 1 :] for place in range(len(joined)))}
