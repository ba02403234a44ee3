"""A page of HTML that shows what became of a dataset between two versions: counts by class, and the pictures."""

from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import Final

from pipelines.datasets.class_folders import DATASET_LIMITS
from pipelines.datasets.comparing import ComparedVersion, Comparison, PictureReader
from pipelines.datasets.differences import ClassDifference, Difference, MovedPicture
from pipelines.datasets.objects import VersionFile
from pipelines.datasets.remotes import Tell
from pipelines.datasets.staging import clear_disk_errors
from pipelines.errors import ImageError
from pipelines.images import decode_image
from pipelines.page import build_card, build_page, build_table, build_tile, thumbnail_data_uri
from pipelines.settings import Settings

SHOWN_PICTURES: Final = 60
"""Of each kind; about 6 kB each."""
NO_PICTURE: Final = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
"""One transparent pixel, for a picture that nobody has any more."""

ReadPicture = Callable[[VersionFile], bytes | None]
Shown = tuple[VersionFile, str]
"""A picture and the HTML below it."""


def choose_pictures(difference: Difference) -> dict[str, list[Shown]]:
    """Heading -> the pictures that the page shows of it."""
    return {
        "Relabelled": _spread([(_after(each), _write_move(each)) for each in difference.relabelled]),
        "Added": _spread([(each, _write_file(each)) for each in difference.added]),
        "Removed": _spread([(each, _write_file(each)) for each in difference.removed]),
    }


def write_difference_page(
    file: Path, comparison: Comparison, workspace: Path, settings: Settings, tell: Tell = lambda line: None
) -> None:
    """The page of a comparison, with pictures from the cache, the workspace or the remote."""
    reader = PictureReader(workspace, comparison.classifier, settings, tell)
    reader.prepare(picture for shown in choose_pictures(comparison.difference).values() for picture, _ in shown)
    with clear_disk_errors(file.parent):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(build_difference_page(comparison, reader.read), encoding="utf-8")


def build_difference_page(comparison: Comparison, read_picture: ReadPicture) -> str:
    """The whole document. Pictures that `read_picture` has not are named without a thumbnail."""
    difference = comparison.difference
    counts = {"Relabelled": difference.relabelled, "Added": difference.added, "Removed": difference.removed}
    body = [_build_tiles(difference), _build_classes(difference.classes)]
    body += [
        _build_section(heading, len(counts[heading]), shown, read_picture)
        for heading, shown in choose_pictures(difference).items()
        if shown
    ]
    body.append(_build_names(difference))
    if difference.is_empty:
        body.append("<p>The two versions hold the same pictures under the same labels.</p>")
    lede = f"From {_name(comparison.before)} to {_name(comparison.after)}."
    return build_page(f"What changed in {comparison.classifier}", "\n".join(body), lede=lede)


def _name(version: ComparedVersion) -> str:
    known = version.commit[:8] if version.commit and not version.commit.startswith(version.revision) else ""
    inside = ", ".join(part for part in (known, version.md5[:8]) if part)
    return f"{version.revision} ({inside}: {version.images:,} pictures of {version.classes:,} classes)"


def _build_tiles(difference: Difference) -> str:
    tiles = (
        (f"{difference.images_after:,}", f"pictures, {difference.images_before:,} before"),
        (f"{len(difference.added):,}", "added"),
        (f"{len(difference.removed):,}", "removed"),
        (f"{len(difference.relabelled):,}", "relabelled"),
    )
    return f'<div class="tiles">{"".join(build_tile(figure, caption) for figure, caption in tiles)}</div>'


def _build_classes(classes: Sequence[ClassDifference]) -> str:
    changed = [each for each in classes if each.added or each.removed or each.moved_in or each.moved_out]
    if not changed:
        return ""
    heading = ("class", "before", "after", "added", "removed", "from others", "to others")
    rows = [
        (
            escape(each.label) + _badge(each),
            f"{each.before:,}",
            f"{each.after:,}",
            *(f"{count:,}" if count else "" for count in (each.added, each.removed, each.moved_in, each.moved_out)),
        )
        for each in changed
    ]
    rest = len(classes) - len(changed)
    same = f'<p class="soft">{rest:,} other classes are as they were.</p>' if rest else ""
    return "<h2>Classes</h2>\n" + build_table(heading, rows, numbers=frozenset(range(1, 7))) + same


def _badge(each: ClassDifference) -> str:
    if not each.before:
        return ' <span class="badge good">new</span>'
    return "" if each.after else ' <span class="badge bad">gone</span>'


def _build_section(heading: str, count: int, shown: Sequence[Shown], read_picture: ReadPicture) -> str:
    cards = "\n".join(_build_picture(file, caption, read_picture) for file, caption in shown)
    capped = (
        f"{len(shown):,} of {count:,} are shown, as many of each class as there is room for. "
        if len(shown) < count
        else ""
    )
    words = f'<p class="soft">{capped}</p>' if capped else ""
    return f'<h2>{heading}: {count:,}</h2>\n{words}<div class="cards">{cards}</div>'


def _build_picture(file: VersionFile, caption: str, read_picture: ReadPicture) -> str:
    content = read_picture(file)
    if content is None:
        return build_card(
            NO_PICTURE, f'{caption}<br><span class="soft">nobody has this picture any more</span>', alternative=""
        )
    try:
        uri = thumbnail_data_uri(decode_image(content, limits=DATASET_LIMITS))
    except ImageError:
        return build_card(NO_PICTURE, f'{caption}<br><span class="soft">cannot be decoded</span>', alternative="")
    return build_card(uri, caption, alternative=file.file)


def _write_file(file: VersionFile) -> str:
    label, _, name = file.file.partition("/")
    return f'<b>{escape(label)}</b><br><span class="soft">{escape(name)}</span>'


def _write_move(each: MovedPicture) -> str:
    before, after = each.before.partition("/")[0], each.after.partition("/")[0]
    name = each.after.partition("/")[2]
    return f'{escape(before)} → <b>{escape(after)}</b><br><span class="soft">{escape(name)}</span>'


def _after(each: MovedPicture) -> VersionFile:
    return VersionFile(each.after, each.md5)


def _build_names(difference: Difference) -> str:
    """What is not worth a picture: new names, and files that are no pictures."""
    parts = []
    if difference.renamed:
        rows = [(escape(each.before), escape(each.after)) for each in difference.renamed[:SHOWN_PICTURES]]
        parts.append(
            f"<h2>Under another name: {len(difference.renamed):,}</h2>\n{build_table(('before', 'after'), rows)}"
        )
    if difference.other_files:
        names = ", ".join(f"<code>{escape(name)}</code>" for name in difference.other_files[:SHOWN_PICTURES])
        parts.append(f"<h2>Other files</h2>\n<p>{names}: boxes, official splits, origins or notes differ.</p>")
    return "\n".join(parts)


def _spread(pictures: list[Shown]) -> list[Shown]:
    """As many as are shown, evenly over the classes: a large one hides no small one."""
    if len(pictures) <= SHOWN_PICTURES:
        return pictures
    seen: dict[str | None, int] = {}
    ranked = []
    for place, (file, _) in enumerate(pictures):
        seen[file.label] = seen.get(file.label, 0) + 1
        ranked.append((seen[file.label], place))
    return [pictures[place] for place in sorted(place for _, place in sorted(ranked)[:SHOWN_PICTURES])]
