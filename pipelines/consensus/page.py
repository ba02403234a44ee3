"""The report on a labelled video as one page: the video as lines of time, and the policies beside each other."""

import json
from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Final

from pipelines.consensus.evaluating import VideoEvaluation, describe_evaluation
from pipelines.consensus.scoring import PolicyScore, Score
from pipelines.consensus.timeline import Span, label_at
from pipelines.consensus.voting import name_policy
from pipelines.consensus.window import MICROSECONDS
from pipelines.page import build_page, build_table, build_tile

WIDTH: Final = 1080
LEFT: Final = 96
ROW: Final = 34
LETTER: Final = 7.5
"""Pixels that a letter takes; a name is written where it fits."""
COLOURS: Final = {"right": "var(--good)", "wrong": "var(--bad)", "none": "var(--line)"}
HEADING: Final = ("policy", "right", "wrong", "undecided", "delay", "missed spans")


def write_video_report(folder: Path, title: str, evaluation: VideoEvaluation) -> Path:
    """The page and its figures; returns the page."""
    folder.mkdir(parents=True, exist_ok=True)
    figures = json.dumps(describe_evaluation(evaluation), indent=2, ensure_ascii=False)
    (folder / "report.json").write_text(figures, encoding="utf-8")
    (folder / "report.html").write_text(build_video_page(title, evaluation), encoding="utf-8")
    return folder / "report.html"


def build_video_page(title: str, evaluation: VideoEvaluation) -> str:
    alone, chosen = evaluation.alone, evaluation.chosen
    policy = chosen.policy
    lede = (
        f"{alone.frames:,} labelled frames, {evaluation.rate:g} a second, by policy {name_policy(policy)}: windows of "
        f"{policy.window_seconds:g} s, agreement {policy.agreement:g}, weights {policy.weights}."
    )
    tiles = "".join(
        (
            build_tile(f"{alone.accuracy:.1%}", "of frames right by themselves"),
            build_tile(f"{chosen.score.accuracy:.1%}", "right by consensus"),
            build_tile(f"{chosen.score.undecided:.1%}", "undecided"),
            build_tile(_delay(chosen.score), "after a cut until the right answer"),
        )
    )
    rows = [("frames by themselves", *_cells(alone)), *(_row(each, evaluation) for each in evaluation.alternatives)]
    table = build_table(HEADING, rows, numbers=frozenset({1, 2, 3, 4, 5}))
    words = "Green is right, red is wrong, grey is no answer; what no label covers is left empty."
    body = (
        f'<div class="tiles">{tiles}</div>'
        f'<h2>The video</h2><p>{words}</p><div class="scroll">{draw_lines(evaluation)}</div>'
        f"<h2>Other windows, other agreements</h2><p>Chosen on this video alone: a policy is worth what it is on "
        f"videos like those of your cameras.</p>{table}"
    )
    return build_page(title, body, lede=lede)


def draw_lines(evaluation: VideoEvaluation) -> str:
    """What it shows, what was said about each frame, and what was agreed on."""
    frames = evaluation.frames
    starts = [frame.captured_us / MICROSECONDS for frame in frames]
    end = starts[-1] + 1 / evaluation.rate
    alone = [frame.vote.label if frame.vote.known else None for frame in frames]
    parts = [_name_span(span, end) for span in evaluation.spans if span.start_seconds < end]
    for row, answers in ((1, alone), (2, evaluation.answers)):
        states = [_state(evaluation, at, answer) for at, answer in zip(starts, answers, strict=True)]
        for first, stop, state in _runs(states):
            until = starts[stop] if stop < len(starts) else end
            if state:
                parts.append(_rectangle(starts[first] / end, until / end, row, COLOURS[state], state))
    names = ("shown", "each frame", "consensus")
    parts += [f'<text x="0" y="{row * ROW + 18}">{name}</text>' for row, name in enumerate(names)]
    for tenth in range(0, 11, 2):
        x = _x(tenth / 10)
        parts.append(f'<text x="{x:.0f}" y="{3 * ROW + 14}" text-anchor="middle">{end * tenth / 10:.1f} s</text>')
    shares = (evaluation.alone.accuracy, evaluation.chosen.score.accuracy)
    said = f"what is shown, answered rightly by {shares[0]:.0%} of frames and at {shares[1]:.0%} of them by consensus"
    return (
        f'<svg viewBox="0 0 {WIDTH} {3 * ROW + 20}" width="{WIDTH}" role="img" aria-label="{said}">'
        f"{''.join(parts)}</svg>"
    )


def _name_span(span: Span, end: float) -> str:
    start, stop = span.start_seconds / end, min(1.0, span.end_seconds / end)
    shape = _rectangle(start, stop, 0, "var(--accent)", span.label)
    if _x(stop) - _x(start) < LETTER * len(span.label):
        return shape
    style = "fill:var(--paper);pointer-events:none"
    return f'{shape}<text x="{_x(start) + 5:.1f}" y="18" style="{style}">{escape(span.label)}</text>'


def _state(evaluation: VideoEvaluation, seconds: float, answer: str | None) -> str:
    number = label_at(evaluation.spans, seconds)
    if number is None:
        return ""
    if answer is None:
        return "none"
    return "right" if answer == evaluation.spans[number].label else "wrong"


def _runs(states: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """First, behind the last, and what all between are."""
    first = 0
    for state, group in groupby(states):
        stop = first + len(list(group))
        yield first, stop, state
        first = stop


def _rectangle(start: float, stop: float, row: int, colour: str, words: str) -> str:
    left, right = _x(start), _x(stop)
    return (
        f'<rect x="{left:.1f}" y="{row * ROW + 2}" width="{max(0.5, right - left):.1f}" height="{ROW - 10}" '
        f'fill="{colour}"><title>{escape(words)}</title></rect>'
    )


def _x(share: float) -> float:
    return LEFT + share * (WIDTH - LEFT - 20)


def _row(each: PolicyScore, evaluation: VideoEvaluation) -> tuple[str, ...]:
    words = f"{each.policy.window_seconds:g} s, {each.policy.agreement:g}"
    marks = [
        f'<span class="badge {colour}">{name}</span>'
        for name, colour, wanted in (("best", "good", evaluation.best), ("params.yaml", "info", evaluation.chosen))
        if each.policy == wanted.policy
    ]
    return (" ".join((words, *marks)), *_cells(each.score))


def _cells(score: Score) -> tuple[str, ...]:
    shares = (score.accuracy, score.wrong, score.undecided)
    return (*(f"{share:.1%}" for share in shares), _delay(score), str(score.missed_spans))


def _delay(score: Score) -> str:
    return "–" if score.delay_seconds is None else f"{score.delay_seconds:.2f} s"
