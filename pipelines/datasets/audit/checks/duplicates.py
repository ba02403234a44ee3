"""Checks on pictures that are there more than once: in one split, in two splits, under two labels."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import combinations, pairwise

from pipelines.datasets.audit.audited import AuditedDataset
from pipelines.datasets.audit.findings import Evidence
from pipelines.datasets.audit.wording import say_count
from pipelines.datasets.manifest import CONTRADICTION, ManifestRow

Pair = tuple[ManifestRow, ManifestRow]


def find_exact_duplicates(dataset: AuditedDataset) -> Evidence | None:
    """Files with the same bytes; an import leaves them out, a folder filled by hand may hold them."""
    sets = _sets_of_equal_bytes(dataset)
    if not sets:
        return None
    spare = sum(len(each) - 1 for each in sets)
    return Evidence(
        f"{say_count(spare, 'copy', 'copies')} of pictures, byte for byte: they count twice in training. Remove them.",
        count=spare,
        files=tuple(row.path for each in sets for row in each[1:]),
        sets=_paths(sets),
    )


def find_near_duplicates(dataset: AuditedDataset) -> Evidence | None:
    """Sets of pictures that look the same; they share a split, so they harm no measurement."""
    sets = _connected(pair for pair in dataset.near_rows if pair[0].sha256 != pair[1].sha256)
    if not sets:
        return None
    pictures = sum(len(each) for each in sets)
    return Evidence(
        f"{say_count(pictures, 'picture')} in {say_count(len(sets), 'set')} that look the same. "
        "A set shares a split, so no figure suffers; keep the best of each if they are more than a few.",
        count=pictures,
        files=tuple(row.path for each in sets for row in each),
        sets=_paths(sets),
    )


def find_two_labels(dataset: AuditedDataset) -> Evidence | None:
    """Equal or similar pictures of which one label must be wrong; those of the same bytes were left out already."""
    sets = _connected(pair for pair in _alike(dataset) if pair[0].label != pair[1].label)
    left_out = [each for each in dataset.rejected if each.reason.startswith(CONTRADICTION)]
    if not sets and not left_out:
        return None
    rows = [row for each in sets for row in each]
    files = (*(row.path for row in rows), *(each.file for each in left_out))
    return Evidence(
        f"{say_count(len(files), 'picture')} under different labels than pictures of the same look or bytes: one label "
        f"of each must be wrong. Relabel or drop them: `vigia data relabel`. {len(left_out)} of them, with the same "
        "bytes, are left out until then.",
        count=len(files),
        files=files,
        notes=(*(f"labelled {row.label}" for row in rows), *(each.reason for each in left_out)),
        sets=_paths(sets),
    )


def find_leaks(dataset: AuditedDataset) -> Evidence | None:
    """Pairs of equal or similar pictures in two splits: the test then asks what training has shown."""
    pairs = list_leaks(dataset)
    if not pairs:
        return None
    sets = _connected(pairs)
    rows = [row for each in sets for row in each]
    return Evidence(
        f"{say_count(len(pairs), 'pair')} of pictures that look the same in two splits: "
        "what is measured on them is not to be believed. Remove one of each pair.",
        count=len(pairs),
        files=tuple(row.path for row in rows),
        notes=tuple(row.split for row in rows),
        sets=_paths(sets),
    )


def list_leaks(dataset: AuditedDataset) -> list[Pair]:
    """Pairs that straddle splits, by bytes, by look, or by a group that is not whole."""
    groups: defaultdict[str, list[ManifestRow]] = defaultdict(list)
    for row in sorted(dataset.rows, key=lambda row: (row.split, row.path)):
        groups[row.group].append(row)
    torn = (pair for members in groups.values() for pair in pairwise(members))
    straddling = {tuple(sorted((a.path, b.path))): (a, b) for a, b in (*_alike(dataset), *torn) if a.split != b.split}
    return [straddling[key] for key in sorted(straddling)]


def _alike(dataset: AuditedDataset) -> list[Pair]:
    equal = [pair for each in _sets_of_equal_bytes(dataset) for pair in combinations(each, 2)]
    return [*equal, *dataset.near_rows]


def _sets_of_equal_bytes(dataset: AuditedDataset) -> list[list[ManifestRow]]:
    by_sha256: defaultdict[str, list[ManifestRow]] = defaultdict(list)
    for row in sorted(dataset.rows, key=lambda row: row.path):
        by_sha256[row.sha256].append(row)
    return [rows for rows in by_sha256.values() if len(rows) > 1]


def _connected(pairs: Iterable[Pair]) -> list[list[ManifestRow]]:
    """The sets that the pairs tie together, largest first; each sorted by path."""
    rows: dict[str, ManifestRow] = {}
    parents: dict[str, str] = {}

    def find(path: str) -> str:
        while parents.setdefault(path, path) != path:
            parents[path] = path = parents[parents[path]]
        return path

    for a, b in pairs:
        rows[a.path], rows[b.path] = a, b
        parents[find(a.path)] = find(b.path)
    sets: defaultdict[str, list[ManifestRow]] = defaultdict(list)
    for path in sorted(rows):
        sets[find(path)].append(rows[path])
    return sorted(sets.values(), key=lambda each: (-len(each), each[0].path))


def _paths(sets: list[list[ManifestRow]]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(row.path for row in each) for each in sets)
