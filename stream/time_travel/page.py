"""A replay as one page: figures, which labels became which, and the frames themselves."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

from pipelines.errors import ImageError
from pipelines.evaluation.report_classes import break_name
from pipelines.page import build_bar, build_card, build_page, build_table, build_tile, thumbnail_data_uri
from stream.messages import Position
from stream.time_travel.answering import MOST_MISSING
from stream.time_travel.comparing import ChangedFrame, Comparison
from stream.time_travel.pictures import GONE_IN_WORDS, tell_gone
from stream.time_travel.replaying import ReplayReport

SHOWN_PAIRS: Final = 30
SHOWN_MISSING: Final = 200
STYLE: Final = """
.says { display: grid; grid-template-columns: auto 1fr auto; gap: 0 .5rem; padding: 0 !important; }
.says span:nth-child(3n) { font-variant-numeric: tabular-nums; }
.says span:nth-child(3n+1) { color: var(--soft); }
"""


def build_replay_page(report: ReplayReport, changed: Sequence[ChangedFrame], pictures: Mapping[Position, bytes]) -> str:
    """The whole document; `pictures` are those of the changed frames that are still there, encoded."""
    comparison, window = report.comparison, report.asked.window
    cameras = f" of {', '.join(window.cameras)}" if window.cameras else ""
    lede = (
        f"Frames{cameras} from {window.captured_from:%Y-%m-%d %H:%M:%S} to {window.captured_to:%Y-%m-%d %H:%M:%S} UTC, "
        f"answered by version {comparison.version} and compared with what was live then."
    )
    parts = [
        _tiles(comparison),
        _sources(report),
        _pairs(comparison),
        _cameras(comparison),
        _frames(comparison, changed, pictures),
        _missing(report),
    ]
    title = f"{window.classifier}: version {comparison.version} on frames of the past"
    return build_page(title, "\n".join(parts), lede=lede, style=STYLE)


def _tiles(comparison: Comparison) -> str:
    agreement, shift = comparison.agreement, comparison.confidence_shift
    tiles = (
        ("–" if agreement is None else f"{agreement:.1%}", "of the frames get the same label"),
        (f"{comparison.changed:,}", f"of {comparison.compared:,} compared frames get another label"),
        (f"{comparison.to_unknown:,} / {comparison.to_known:,}", "known frames that are unknown now / the other way"),
        ("–" if shift is None else f"{shift:+.3f}", "mean change of the confidence"),
        (f"{comparison.missing:,}", f"of {comparison.frames:,} frames could not be asked again"),
    )
    return f'<div class="tiles">{"".join(build_tile(figure, caption) for figure, caption in tiles)}</div>'


def _sources(report: ReplayReport) -> str:
    tally, comparison = report.tally, report.comparison
    then = ", ".join(f"version {version} ({frames:,})" for version, frames in comparison.live_versions)
    words = [f"Live then: {then}.", f"Pictures: {tally.kept:,} from the kept frames, {tally.topic:,} from the topic."]
    if tally.before:
        words.append(f"{tally.before:,} frames were answered by an earlier replay.")
    if tally.missing:
        words.append(f"Not asked again: {tell_gone(tally.missing)}.")
    if report.unanswered.dead_letters or report.unanswered.kept:
        words.append(
            f"Not part of it, as nothing was live: {report.unanswered.dead_letters:,} dead letters, "
            f"{report.unanswered.kept:,} kept frames without an answer."
        )
    if report.stopped:
        words.append("The replay was stopped before its end.")
    return f"<p>{escape(' '.join(words))}</p>"


def _pairs(comparison: Comparison) -> str:
    if not comparison.changes:
        return "<h2>Labels</h2><p>Every compared frame keeps its label.</p>"
    rows = [
        (
            break_name(each.before),
            break_name(each.after),
            f"{each.frames:,}",
            build_bar(each.frames / comparison.changes[0].frames),
        )
        for each in comparison.changes[:SHOWN_PAIRS]
    ]
    left = len(comparison.changes) - len(rows)
    words = f"<p>And {left:,} rarer ones.</p>" if left else ""
    return f"<h2>Labels</h2>{build_table(('then', 'now', 'frames', ''), rows, numbers=frozenset({2}))}{words}"


def _cameras(comparison: Comparison) -> str:
    rows = [
        (
            escape(each.camera_id),
            f"{each.compared:,}",
            f"{each.changed:,}",
            f"{each.agreement:.1%}",
            f"{each.confidence_shift:+.3f}",
        )
        for each in comparison.cameras
    ]
    heading = ("camera", "compared", "another label", "agreement", "confidence")
    return f"<h2>Cameras</h2>{build_table(heading, rows, numbers=frozenset({1, 2, 3, 4}))}"


def _frames(comparison: Comparison, changed: Sequence[ChangedFrame], pictures: Mapping[Position, bytes]) -> str:
    if not changed:
        return ""
    cards = [card for each in changed if (card := _card(each, comparison.version, pictures.get(each.position)))]
    words = f"The {len(changed):,} of which version {comparison.version} is surest."
    if len(cards) < len(changed):
        words += f" Of {len(changed) - len(cards):,} the picture is gone."
    return f'<h2>Changed: {comparison.changed:,}</h2><p>{words}</p><div class="cards">{"".join(cards)}</div>'


def _missing(report: ReplayReport) -> str:
    total = report.tally.missing.total()
    if not total:
        return ""
    rows = [
        (
            break_name(each.frame_id),
            escape(each.camera_id),
            f"{each.captured_at:%Y-%m-%d %H:%M:%S}",
            escape(GONE_IN_WORDS.get(each.reason, each.reason)),
        )
        for each in report.missing_frames[:SHOWN_MISSING]
    ]
    table = build_table(("frame", "camera", "captured, UTC", "why"), rows, numbers=frozenset())
    left = total - len(rows)
    words = f"<p>And {left:,} more; <code>--json</code> names {MOST_MISSING:,} at most.</p>" if left else ""
    return f"<h2>Not asked again: {total:,}</h2>{table}{words}"


def _card(frame: ChangedFrame, version: int, picture: bytes | None) -> str | None:
    try:
        uri = thumbnail_data_uri(picture) if picture else None
    except ImageError:
        uri = None
    if uri is None:
        return None
    says = "".join(
        f"<span>{number}</span><span>{break_name(label)}</span><span>{confidence:.0%}</span>"
        for number, label, confidence in (
            (frame.before_version, frame.before, frame.before_confidence),
            (version, frame.after, frame.after_confidence),
        )
    )
    caption = f'<b>{escape(frame.camera_id)}</b><div class="says">{says}</div>'
    return build_card(uri, caption, alternative=f"answered {frame.before} then and {frame.after} now")
