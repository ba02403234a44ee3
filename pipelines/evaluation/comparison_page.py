"""Two versions on the same pictures as one page: figures side by side, and the pictures that tell them apart."""

from collections.abc import Callable, Sequence
from html import escape
from typing import Final

from pipelines.evaluation.comparison import Change, ClassChange, Comparison
from pipelines.evaluation.report_classes import break_name
from pipelines.images import Image
from pipelines.page import build_card, build_page, build_table, build_tile, thumbnail_data_uri

SHOWN_PICTURES: Final = 48
"""Of the better and of the worse ones; about 6 kB each."""
SHOWN_CLASSES: Final = 12
"""Beyond these the table is folded."""
STYLE: Final = """
.says { display: grid; grid-template-columns: auto 1fr auto; gap: 0 .5rem; padding: 0 !important; }
.says span:nth-child(3n) { font-variant-numeric: tabular-nums; }
.says span:nth-child(3n+1) { color: var(--soft); }
.square td, .square th { text-align: right; padding-left: 1rem; } .square th:first-child { text-align: left; }
"""


def build_comparison_page(
    classifier: str, comparison: Comparison, load_picture: Callable[[int], Image], pictures: str
) -> str:
    """The whole document; `load_picture` takes a row of the pictures, `pictures` says in words which they are."""
    first, second = comparison.versions
    verdict = comparison.verdict
    parts = [
        _tiles(comparison),
        _figures(comparison),
        _square(comparison),
        _classes(comparison.classes, comparison.versions),
        _changes("Better", comparison.better, comparison.versions, load_picture),
        _changes("Worse", comparison.worse, comparison.versions, load_picture),
        f"<footer>{comparison.pictures:,} pictures of {escape(pictures)}, each answered by both versions.</footer>",
    ]
    lede = f"{verdict[0].upper()}{verdict[1:]}."
    return build_page(
        f"{classifier}: version {second} against version {first}", "\n".join(parts), lede=lede, style=STYLE
    )


def _tiles(comparison: Comparison) -> str:
    gap = comparison.difference
    tiles = (
        (f"{100 * gap.value:+.1f} points", f"accuracy, {100 * gap.low:+.1f} to {100 * gap.high:+.1f} with 95 %"),
        (f"{len(comparison.better):,}", f"pictures that only version {comparison.versions[1]} gets right"),
        (f"{len(comparison.worse):,}", f"pictures that only version {comparison.versions[0]} gets right"),
        (f"{comparison.p_value:.3g}", "chance of a gap like this between equals (McNemar)"),
    )
    return f'<div class="tiles">{"".join(build_tile(figure, caption) for figure, caption in tiles)}</div>'


def _figures(comparison: Comparison) -> str:
    ranges = [f"{each.low:.4f} to {each.high:.4f}" for each in comparison.intervals]
    rows = [
        ("accuracy", *(f"{each.value:.4f}" for each in comparison.intervals)),
        ("95 % interval", *ranges),
        ("macro-F1", *(f"{value:.4f}" for value in comparison.macro_f1)),
        ("log loss", *(f"{value:.4f}" for value in comparison.log_loss)),
        ("milliseconds a picture, one core", *(f"{each.p50:.1f}" for each in comparison.latency)),
        ("95 of 100 within", *(f"{each.p95:.1f}" for each in comparison.latency)),
        ("megabytes on disk", *(f"{size / 1e6:.1f}" for size in comparison.size_bytes)),
    ]
    heading = ("", *(f"version {version}" for version in comparison.versions))
    return f"<h2>Side by side</h2>{build_table(heading, rows, numbers=frozenset({1, 2}))}"


def _square(comparison: Comparison) -> str:
    first, second = comparison.versions
    rows = [
        (f"version {second} right", f"{comparison.both_right:,}", f"{len(comparison.better):,}"),
        (f"version {second} wrong", f"{len(comparison.worse):,}", f"{comparison.both_wrong:,}"),
    ]
    table = build_table(("", f"version {first} right", f"version {first} wrong"), rows, numbers=frozenset({1, 2}))
    differing = len(comparison.better) + len(comparison.worse)
    return (
        "<h2>Who is right where</h2><p>Only pictures on which the two differ in being right say which is better: "
        f"{differing:,} here. Were they equally good, each would win about half of these; a split at least as uneven "
        f"would come by chance with p = {comparison.p_value:.3g} (McNemar's exact test).</p>{table}"
    )


def _classes(classes: Sequence[ClassChange], versions: tuple[int, int]) -> str:
    if not classes:
        return "<h2>Classes</h2><p>No class is recognised more or less often.</p>"
    rows = []
    for each in classes:
        gap = each.recall_after - each.recall_before
        colour = "good" if gap > 0 else "bad"
        rows.append(
            (
                break_name(each.name),
                f"{each.recall_before:.3f}",
                f"{each.recall_after:.3f}",
                f'<span class="{colour}">{100 * gap:+.1f}</span>',
                f"{each.pictures:,}",
            )
        )
    first, second = versions
    heading = ("class", f"version {first}", f"version {second}", "points", "pictures")
    table = build_table(heading, rows, numbers=frozenset({1, 2, 3, 4}))
    if len(rows) > SHOWN_CLASSES:
        table = f"<details><summary>{len(rows)} classes, the largest loss first</summary>{table}</details>"
    return f"<h2>Classes</h2><p>Share of each class's pictures that is recognised, where it changed.</p>{table}"


def _changes(
    title: str, changes: Sequence[Change], versions: tuple[int, int], load_picture: Callable[[int], Image]
) -> str:
    right = versions[1] if title == "Better" else versions[0]
    heading = f"<h2>{title}: {len(changes):,}</h2>"
    if not changes:
        return f"{heading}<p>No picture that only version {right} gets right.</p>"
    shown = changes[:SHOWN_PICTURES]
    words = f"Only version {right} gets these right."
    if len(shown) < len(changes):
        words += f" The {len(shown)} of which version {versions[1]} was surest are shown."
    cards = "".join(_card(change, versions, load_picture(change.index)) for change in shown)
    return f'{heading}<p>{words}</p><div class="cards">{cards}</div>'


def _card(change: Change, versions: tuple[int, int], image: Image) -> str:
    says = "".join(
        f'<span>{version}</span><span class="{"good" if answer == change.label else "bad"}">{break_name(answer)}</span>'
        f"<span>{confidence:.0%}</span>"
        for version, answer, confidence in (
            (versions[0], change.before, change.before_confidence),
            (versions[1], change.after, change.after_confidence),
        )
    )
    caption = f'<b>{break_name(change.label)}</b><div class="says">{says}</div>'
    words = f"{change.label}, answered {change.before} before and {change.after} after"
    return build_card(thumbnail_data_uri(image), caption, alternative=words)
