"""The audit as a page to look through: self-contained, with thumbnails, light and dark."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

from pipelines.datasets.audit.findings import Finding
from pipelines.datasets.audit.page import review
from pipelines.datasets.audit.page.review import build_agreement, build_review_bar
from pipelines.datasets.audit.page.suggestions import Suggestion, list_suggestions
from pipelines.datasets.audit.page.thumbnails import Thumbnails
from pipelines.datasets.audit.page.views import Strip, choose_extremes, choose_glance
from pipelines.datasets.audit.reporting import AuditReport
from pipelines.datasets.audit.wording import say_count
from pipelines.datasets.measures import Measures
from pipelines.datasets.splits import SPLITS
from pipelines.page import build_card, build_page, build_table, build_tile

MOST_CARDS: Final = 60
"""Pictures shown of one finding."""
MOST_SUGGESTED: Final = 300
"""The same where each may be agreed to."""
MOST_SETS: Final = 30
MOST_OF_SET: Final = 6
MOST_CLASSES: Final = 60
"""Rows of the table of classes."""

STYLE: Final = """
.cards.small { grid-template-columns: repeat(auto-fill, minmax(112px, 1fr)); gap: .5rem; }
.cards.small .card img { height: 96px; } .cards.small .card div { padding: .3rem .5rem .4rem; font-size: .78rem; }
.cards.small .soft { display: block; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.tiles { grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); }
code { background: var(--wash); border-radius: 4px; padding: 0 .3rem; font-size: .92em; }
.sets { display: flex; flex-wrap: wrap; gap: .8rem; margin: .8rem 0; }
.set { display: flex; flex-wrap: wrap; gap: .5rem; padding: .6rem; border: 1px solid var(--line);
  border-radius: 12px; background: var(--wash); }
.set .card { width: 156px; }
.stack { display: flex; height: .8rem; min-width: 8rem; border-radius: 4px; overflow: hidden; background: var(--wash); }
.stack i { display: block; height: 100%; }
.train { background: var(--accent); } .validation { background: var(--warn); } .test { background: var(--good); }
.legend i { display: inline-block; width: .8rem; height: .8rem; border-radius: 3px; margin: 0 .35rem 0 0;
  vertical-align: -.08rem; }
.legend span { margin-right: 1rem; }
"""

WORDS: Final = {
    "leaks": "Leaks across splits",
    "two_labels": "One picture, two labels",
    "spurious_cue": "A cue that gives a class away",
    "similar_names": "Class names that look alike",
    "small_class": "Small classes",
    "imbalance": "Imbalance",
    "exact_duplicates": "Exact duplicates",
    "blurred": "Blurred",
    "dark": "Dark",
    "bright": "Bright",
    "low_information": "Hardly more than one tone",
    "tiny": "Tiny",
    "odd_aspect": "Odd shape",
    "near_duplicates": "Near-duplicates",
    "label_disputes": "Disputed labels",
    "rejected": "Left out",
}


def build_audit_page(
    report: AuditReport, measures: Mapping[str, Measures], thumbnails: Thumbnails, version: str
) -> str:
    """The whole page; `version` says which dataset version it is of."""
    audit = report.audit
    suggested = {each.path: each for each in list_suggestions(audit, report.rows)}
    errors, warnings = (sum(each.severity == s for each in audit.findings) for s in ("error", "warning"))
    disputed = next((f.evidence.count for f in audit.findings if f.check == "label_disputes"), None)
    tiles = [
        build_tile(f"{audit.pictures:,}", "pictures"),
        build_tile(f"{audit.classes:,}", "classes"),
        build_tile(f"{audit.leaks:,}", "leaks across splits"),
        build_tile(f"{errors}", "error, stops training" if errors == 1 else "errors"),
        build_tile(f"{warnings}", "warning" if warnings == 1 else "warnings"),
        build_tile("not run" if audit.not_run else f"{disputed or 0:,}", "disputed labels"),
    ]
    parts = [
        f'<div class="tiles">{"".join(tiles)}</div>',
        _findings_table(report),
        _classes(report),
        _strips("At a glance", "A few pictures of each class, chosen by hash.", choose_glance(report.rows), thumbnails),
        *(_section(finding, report, thumbnails, suggested) for finding in audit.findings),
        _strips(
            "The ends of the scale",
            "The most extreme pictures of each measure, found wanting or not.",
            choose_extremes(report.rows, measures),
            thumbnails,
        ),
        f"<footer>{escape(version)}</footer>",
        build_review_bar(report.classifier) if suggested else "",
    ]
    title, style = f"Audit of {report.classifier}", STYLE + review.STYLE
    return build_page(title, "\n".join(parts), lede=_lede(report), style=style, script=review.SCRIPT)


def _lede(report: AuditReport) -> str:
    errors = len(report.audit.errors)
    if errors:
        return f"{say_count(errors, 'finding')} would make any figure of a model untrue: training is refused."
    if report.audit.findings:
        return "Nothing that stops a training. What follows is worth a look, the most serious first."
    return "Nothing found."


def _findings_table(report: AuditReport) -> str:
    rows = [
        (
            f'<span class="badge {each.severity}">{each.severity}</span>',
            f"{_link(each)}<br>{_format(each.evidence.message)}",
            f"{each.evidence.count:,}",
        )
        for each in report.audit.findings
    ]
    rows += [
        ('<span class="badge soft">not run</span>', f"{WORDS[each.check]}<br>{_format(each.reason)}", "")
        for each in report.audit.not_run
    ]
    table = build_table(("severity", "what and what to do", "count"), rows, numbers=frozenset({2}))
    return f"<h2>Findings</h2>\n{table if rows else '<p>None.</p>'}"


def _classes(report: AuditReport) -> str:
    sizes = Counter(row.label for row in report.rows)
    cells = Counter((row.label, row.split) for row in report.rows)
    largest = max(sizes.values(), default=1)
    shown = sorted(sizes, key=lambda name: (-sizes[name], name))
    rows = [
        (
            escape(name),
            _stack([cells[name, split] / largest for split in SPLITS]),
            f"{sizes[name]:,}",
            *(f"{cells[name, split]:,}" for split in SPLITS),
        )
        for name in shown[:MOST_CLASSES]
    ]
    totals = Counter(row.split for row in report.rows)
    rows.append(("<b>all</b>", "", f"{len(report.rows):,}", *(f"{totals[split]:,}" for split in SPLITS)))
    more = f"<p>The {MOST_CLASSES} largest of {len(shown)} classes.</p>" if len(shown) > MOST_CLASSES else ""
    legend = "".join(f'<span><i class="{split}"></i>{split}</span>' for split in SPLITS)
    table = build_table(("class", "", "pictures", *SPLITS), rows, numbers=frozenset({2, 3, 4, 5}))
    return f'<h2>Classes and splits</h2>\n<p class="soft legend">{legend}</p>\n{more}{table}'


def _stack(shares: Sequence[float]) -> str:
    parts = (
        f'<i class="{split}" style="width:{100 * share:.2f}%"></i>' for split, share in zip(SPLITS, shares, strict=True)
    )
    return f'<div class="stack">{"".join(parts)}</div>'


def _section(finding: Finding, report: AuditReport, thumbnails: Thumbnails, suggested: Mapping[str, Suggestion]) -> str:
    evidence = finding.evidence
    if not evidence.files:
        return ""
    heading = (
        f'<h2 id="{finding.check}">{WORDS[finding.check]} '
        f'<span class="badge {finding.severity}">{finding.severity}</span></h2>\n<p>{_format(evidence.message)}</p>'
    )
    in_sets = {path for members in evidence.sets for path in members}
    notes = evidence.notes or ("",) * len(evidence.files)
    alone = [(path, note) for path, note in zip(evidence.files, notes, strict=True) if path not in in_sets]
    return heading + _sets(finding, report, thumbnails) + _cards(alone, thumbnails, suggested)


def _cards(noted: Sequence[tuple[str, str]], thumbnails: Thumbnails, suggested: Mapping[str, Suggestion]) -> str:
    """Files with a few words each; those that may be agreed to are shown more generously."""
    shown = noted[: MOST_SUGGESTED if any(path in suggested for path, _ in noted) else MOST_CARDS]
    if not shown:
        return ""
    uris = thumbnails.draw([path for path, _ in shown])
    cards = "".join(_card(path, note, uri, suggested.get(path)) for (path, note), uri in zip(shown, uris, strict=True))
    return f'{_cap(len(shown), len(noted), "picture")}<div class="cards">{cards}</div>'


def _sets(finding: Finding, report: AuditReport, thumbnails: Thumbnails) -> str:
    if not finding.evidence.sets:
        return ""
    rows = {row.path: row for row in report.rows}
    parts = []
    for members in finding.evidence.sets[:MOST_SETS]:
        shown = members[:MOST_OF_SET]
        notes = [f"{rows[path].label}, {rows[path].split}" if path in rows else "" for path in shown]
        uris = thumbnails.draw(shown)
        cards = "".join(_card(path, note, uri) for path, note, uri in zip(shown, notes, uris, strict=True))
        more = f'<p class="soft">and {len(members) - len(shown)} more</p>' if len(members) > len(shown) else ""
        parts.append(f'<div class="set">{cards}{more}</div>')
    cap = _cap(len(parts), len(finding.evidence.sets), "set")
    return f'{cap}<div class="sets">{"".join(parts)}</div>'


def _strips(title: str, what: str, strips: Sequence[Strip], thumbnails: Thumbnails) -> str:
    parts = []
    for strip in strips:
        uris = thumbnails.draw(strip.paths)
        cards = "".join(_card(p, n, u) for p, n, u in zip(strip.paths, strip.notes, uris, strict=True))
        parts.append(f'<h3>{escape(strip.title)}</h3>\n<div class="cards small">{cards}</div>')
    return f"<h2>{title}</h2>\n<p>{what}</p>\n" + "\n".join(parts)


def _card(path: str, note: str, uri: str | None, suggestion: Suggestion | None = None) -> str:
    words = f"{escape(note)}<br>" if note else ""
    box = build_agreement(suggestion) if suggestion else ""
    caption = f'{words}<span class="soft" title="{escape(path, quote=True)}">{escape(path)}</span>{box}'
    return build_card(uri, caption, alternative=path) if uri else f'<div class="card"><div>{caption}</div></div>'


def _link(finding: Finding) -> str:
    words = f"<b>{WORDS[finding.check]}</b>"
    return f'<a href="#{finding.check}">{words}</a>' if finding.evidence.files else words


def _format(message: str) -> str:
    """Text as HTML; what stands in backticks is a command."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(message))


def _cap(shown: int, total: int, noun: str) -> str:
    if shown >= total:
        return ""
    return f'<p class="soft">The first {shown} of {say_count(total, noun)}; <code>--json</code> lists all.</p>'
