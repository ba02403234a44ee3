"""What every command that changes a dataset says at its end."""

from typing import TYPE_CHECKING

from pipelines.terminal import print_json, say

if TYPE_CHECKING:
    from pipelines.datasets.versions import DatasetChange

SHOWN_REJECTIONS = 20


def tell_change(change: "DatasetChange", *, as_json: bool) -> None:
    """In words on stderr, or as the one JSON document."""
    if as_json:
        from dataclasses import asdict

        print_json(asdict(change))
        return
    for each in change.rejected[:SHOWN_REJECTIONS]:
        say(f"rejected {each.file}: {each.reason}")
    if len(change.rejected) > SHOWN_REJECTIONS:
        say(f"rejected {len(change.rejected) - SHOWN_REJECTIONS} more; --json lists all")
    if change.added:
        say(f"added {change.added} pictures, {change.duplicates} were there already, {len(change.rejected)} rejected")
    else:
        say(f"nothing changed: all {change.duplicates} pictures were there already, {len(change.rejected)} rejected")
    say(f"{change.path}: {change.images} pictures of {change.classes} classes, version {change.md5}")
    if change.git_commit is None:
        say(f"to keep this version: git add {change.path}.dvc data/raw/.gitignore params.yaml && git commit")
