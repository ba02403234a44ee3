"""A challenger judged on live frames as one page: the verdict, the figures, and frames on which the two differ."""

from html import escape
from typing import Final

from pipelines.errors import ImageError
from pipelines.evaluation.report_classes import break_name
from pipelines.page import build_card, build_page, build_table, build_tile, thumbnail_data_uri
from stream.shadow.judging.answers import Disagreement
from stream.shadow.judging.comparison import Percentiles, ShadowComparison
from stream.shadow.judging.report import Pictures, ShadowReport

SHOWN_CONFUSIONS: Final = 40
STYLE: Final = """
.says { display: grid; grid-template-columns: auto 1fr auto; gap: 0 .5rem; padding: 0 !important; }
.says span:nth-child(3n) { font-variant-numeric: tabular-nums; }
.says span:nth-child(3n+1) { color: var(--soft); }
"""


def build_shadow_page(report: ShadowReport, pictures: Pictures) -> str:
    """The whole document."""
    window, comparison = report.window, report.comparison
    parts = [
        _tiles(report),
        _reasons(report),
        _figures(comparison),
        _cameras(comparison),
        _confusions(comparison),
        _pictures(report, pictures),
        _footer(report),
    ]
    return build_page(
        f"{window.classifier}: challenger {window.version} beside production {window.against}",
        "\n".join(parts),
        lede=f"Verdict: {report.verdict.decision}.",
        style=STYLE,
    )


def _tiles(report: ShadowReport) -> str:
    comparison = report.comparison
    agreement, (before, after) = comparison.agreement, comparison.unknown
    tiles = [
        (report.verdict.decision, "verdict"),
        (f"{comparison.frames:,}", "frames that both answered"),
        (f"{agreement.value:.1%}", f"equal answers, {agreement.low:.1%} to {agreement.high:.1%} with 95 %"),
        (f"{after.value:.1%}", f"unknown; production {before.value:.1%}"),
    ]
    return f'<div class="tiles">{"".join(build_tile(figure, caption) for figure, caption in tiles)}</div>'


def _reasons(report: ShadowReport) -> str:
    lines = "".join(f"<li>{escape(reason)}</li>" for reason in report.verdict.reasons)
    return f"<h2>Why</h2><ul>{lines}</ul>"


def _figures(comparison: ShadowComparison) -> str:
    unknown = comparison.unknown
    rows = [("unknown", *(f"{each.value:.2%}" for each in unknown))]
    for words, sides in (
        ("capture to prediction", comparison.latency_ms),
        ("network, processor time", comparison.infer_ms),
    ):
        rows += [
            (f"{words}, {name}", *(_milliseconds(getattr(each, name)) for each in sides))
            for name in Percentiles.__slots__
        ]
    table = build_table(("", "production", "challenger"), rows, numbers=frozenset({1, 2}))
    return (
        "<h2>Side by side</h2><p>A challenger waits for spare time, so its way from capture to prediction says nothing "
        f"about how fast it would serve; the processor time of its network does.</p>{table}"
    )


def _cameras(comparison: ShadowComparison) -> str:
    rows = [(escape(each.camera_id), f"{each.frames:,}", f"{each.agreement:.1%}") for each in comparison.cameras]
    table = build_table(("camera", "frames", "equal answers"), rows, numbers=frozenset({1, 2}))
    return f"<h2>Cameras</h2>{table}"


def _confusions(comparison: ShadowComparison) -> str:
    if not comparison.confusions:
        return "<h2>Different answers</h2><p>None.</p>"
    shown = comparison.confusions[:SHOWN_CONFUSIONS]
    rows = [(break_name(each.production), break_name(each.challenger), f"{each.frames:,}") for each in shown]
    table = build_table(("production", "challenger", "frames"), rows, numbers=frozenset({2}))
    more = len(comparison.confusions) - len(shown)
    return f"<h2>Different answers</h2>{table}" + (f"<p>And {more:,} rarer pairs.</p>" if more else "")


def _pictures(report: ShadowReport, pictures: Pictures) -> str:
    if not report.disagreements:
        return ""
    words = (
        f"Of the {len(report.disagreements):,} newest frames with different answers {pictures.kept:,} are kept, "
        f"{pictures.gone:,} are gone or were never kept"
    )
    if pictures.kept > len(pictures.shown):
        words += f"; the {len(pictures.shown)} newest are shown"
    versions = report.window.against, report.window.version
    cards = "".join(_card(frame, content, versions) for frame, content in pictures.shown)
    return f'<h2>Pictures</h2><p>{words}.</p><div class="cards">{cards}</div>'


def _card(frame: Disagreement, content: bytes, versions: tuple[int, int]) -> str:
    says = "".join(
        f"<span>{who}</span><span>{break_name(answer)}</span><span>{confidence:.0%}</span>"
        for who, answer, confidence in (
            (versions[0], frame.production, frame.production_confidence),
            (versions[1], frame.challenger, frame.challenger_confidence),
        )
    )
    moment = frame.captured_at.isoformat(sep=" ", timespec="seconds")
    caption = (
        f'<b>{escape(frame.camera_id)}</b> {moment}<div class="says">{says}</div>'
        f'<span class="soft">{escape(frame.frame_id)}</span>'
    )
    try:
        uri = thumbnail_data_uri(content)
    except ImageError:
        return ""
    words = f"production answered {frame.production}, the challenger {frame.challenger}"
    return build_card(uri, caption, alternative=words)


def _footer(report: ShadowReport) -> str:
    window = report.window
    begins, ends = (each.isoformat(timespec="seconds") if each else "" for each in (window.begins, window.ends))
    span = "all frames" if not (begins or ends) else f"frames captured from {begins or 'the first'} to {ends or 'now'}"
    left_out = "".join(
        f" {frames:,} that production version {number} answered are left out."
        for number, frames in report.left_out.items()
    )
    alone = f" {report.alone:,} more have no answer of production." if report.alone else ""
    return f"<footer>Of {span}, the {report.comparison.frames:,} that both answered.{left_out}{alone}</footer>"


def _milliseconds(value: float | None) -> str:
    return "not recorded" if value is None else f"{value:,.1f} ms"
