"""`vigia data versions` and `vigia data diff`."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.data_commands.telling import printable
from pipelines.terminal import JsonOption, print_json, say

if TYPE_CHECKING:
    from pipelines.datasets.comparing import Comparison
    from pipelines.datasets.history import HistoryEntry

SHOWN = 10
"""Pictures of one kind that are named in the terminal."""

ClassifierArgument = Annotated[str, typer.Argument(help="A classifier with a dataset in this workspace.")]
RevisionArgument = Annotated[str, typer.Argument(help="A commit, tag or branch, or workspace: what lies on the disk.")]


def versions(classifier: ClassifierArgument, as_json: JsonOption = False) -> None:
    """Every version of a dataset, newest first, and what it changed."""
    from pipelines.datasets.history import read_history
    from pipelines.settings import find_workspace, load_settings

    history = read_history(find_workspace(), classifier, load_settings(), say)
    if as_json:
        print_json([asdict(entry) | {"date": entry.date.isoformat()} for entry in history])
        return
    print(f"{'commit':8}  {'date (UTC)':16}  {'pictures':>8}  {'classes':>7}  {'md5':8}  {'change':26}  message")
    for entry in history:
        print(printable(draw_entry(entry)))
    if any(entry.images is None for entry in history):
        say("?: the list of that version's files is neither in the DVC cache nor in the remote")


def diff(
    classifier: ClassifierArgument,
    before: RevisionArgument,
    after: RevisionArgument,
    html: Annotated[Path | None, typer.Option(help="Write a page with thumbnails into this file.")] = None,
    as_json: JsonOption = False,
) -> None:
    """What became of a dataset from one version to another: added, removed, relabelled, by class."""
    from pipelines.datasets.comparing import compare_revisions
    from pipelines.settings import find_workspace, load_settings

    workspace, settings = find_workspace(), load_settings()
    comparison = compare_revisions(workspace, classifier, before, after, settings, say)
    if html is not None:
        from pipelines.datasets.difference_page import write_difference_page

        write_difference_page(html, comparison, workspace, settings, say)
    if as_json:
        print_json(describe_comparison(comparison) | {"page": None if html is None else str(html.absolute())})
        return
    tell_comparison(comparison)
    if html is not None:
        say(f"the page to look through: {html}")


def draw_entry(entry: "HistoryEntry") -> str:
    """One line of the table."""
    images, classes = (f"{count:,}" if count is not None else "?" for count in (entry.images, entry.classes))
    commit = entry.commit[:8] if entry.commit else "-"
    return (
        f"{commit:8}  {entry.date:%Y-%m-%d %H:%M}  {images:>8}  {classes:>7}  {entry.md5[:8]}  "
        f"{draw_counts(entry.added, entry.removed, entry.relabelled):26}  {entry.message}"
    )


def draw_counts(added: int | None, removed: int | None, relabelled: int | None) -> str:
    """Such as `+120 −3 ↔2 relabelled`; `=` where no picture differs."""
    if added is None:
        return "?"
    counts = (f"+{added:,}" if added else "", f"−{removed:,}" if removed else "")
    moved = f"↔{relabelled:,} relabelled" if relabelled else ""
    return " ".join(part for part in (*counts, moved) if part) or "="


def describe_comparison(comparison: "Comparison") -> dict[str, Any]:
    """The document of `--json`."""
    difference = comparison.difference
    return {
        "classifier": comparison.classifier,
        "before": asdict(comparison.before),
        "after": asdict(comparison.after),
        "added": [each.file for each in difference.added],
        "removed": [each.file for each in difference.removed],
        "relabelled": [{"before": each.before, "after": each.after} for each in difference.relabelled],
        "renamed": [{"before": each.before, "after": each.after} for each in difference.renamed],
        "classes": [asdict(each) for each in difference.classes],
        "other_files": list(difference.other_files),
    }


def tell_comparison(comparison: "Comparison") -> None:
    """The classes that differ, then the first few pictures of each kind."""
    difference = comparison.difference
    for name, version in (("from", comparison.before), ("to", comparison.after)):
        print(f"{name:5} {version.revision}: {version.images:,} pictures of {version.classes:,} classes, {version.md5}")
    for each in difference.classes:
        counts = (("+", each.added), ("−", each.removed), ("↔ in ", each.moved_in), ("↔ out ", each.moved_out))
        happened = " ".join(f"{sign}{count:,}" for sign, count in counts if count)
        if happened:
            print(printable(f"  {each.label:28} {each.before:>7,} → {each.after:>7,}  {happened}"))
    moves = [f"{each.before} → {each.after}" for each in difference.relabelled]
    _print_some("relabelled", moves)
    _print_some("added", [each.file for each in difference.added])
    _print_some("removed", [each.file for each in difference.removed])
    _print_some("renamed", [f"{each.before} → {each.after}" for each in difference.renamed])
    _print_some("other", list(difference.other_files))
    if difference.is_empty:
        print("the same pictures under the same labels")


def _print_some(word: str, names: list[str]) -> None:
    for name in names[:SHOWN]:
        print(printable(f"{word:10} {name}"))
    if len(names) > SHOWN:
        print(f"{word:10} ... and {len(names) - SHOWN:,} more; --json names all")
