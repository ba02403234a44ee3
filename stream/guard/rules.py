"""When a version fails live. Plain functions: what it did against what it is known for, then against another version.

The first only raises a suspicion: a quiet street answers with one class for hours. The second decides: the version
before is asked about the same frames on the same machine, and what it does alike is not the new version's fault.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from pipelines.guard_params import GuardParams

Rule = Literal["errors", "unknown", "labels", "latency"]

LEAST_MILLISECONDS: Final = 20.0
"""A version that is quicker than this is not slow, whatever the one before took."""
LEAST_PICTURES: Final = 16
"""Asked of both versions; with fewer nothing is decided."""
LEAST_FAILED: Final = 4
"""The same of frames that failed, which are fewer."""
MOST_OF_ONE: Final = 0.65
"""Share of the witness's most frequent label; above it the scene itself has little to tell apart."""
LOST_VARIETY: Final = 0.3
"""Of a picture sample's labels, by total variation, however the labels are called, beyond what chance explains."""
DEVIATIONS: Final = 2.0
"""Of shares of so few frames: a version before that was only less sure must not look varied."""
USUAL_ERROR: Final = 0.1
"""Of a version whose accuracy nobody can tell."""
SLACK: Final = 0.1
"""Live, both may err a little more than on test pictures."""
CHANCE: Final = 0.05


@dataclass(frozen=True, slots=True)
class Live:
    """What a version did in the window."""

    frames: int = 0
    """Answered or failed."""
    failed: int = 0
    unknown: int = 0
    labels: Mapping[str, int] = field(default_factory=dict)
    """Of the answered ones."""
    milliseconds: float | None = None
    """For a frame, decoding and storing left out."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a version is known for; None where nothing is."""

    label_shares: Mapping[str, float]
    """Of every class; what its validation answered, else all alike."""
    pictures: int | None = None
    """Behind the shares."""
    unknown_share: float | None = None
    milliseconds: float | None = None
    """For a frame, by the version before on this machine, else by this one when it was exported."""
    error: float = USUAL_ERROR
    """Share of test pictures that it labels wrongly."""
    tells_unknown: bool = True
    """Whether it has thresholds at all."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One rule's figure beside its limit."""

    rule: Rule
    value: float
    limit: float
    words: str

    @property
    def of_limit(self) -> float:
        """1 at the limit."""
        return self.value / self.limit


@dataclass(frozen=True, slots=True)
class Said:
    """One version on the frames that were asked again."""

    pictures: int
    failed: int = 0
    unknown: int = 0
    labels: Mapping[str, int] = field(default_factory=dict)
    milliseconds: float | None = None
    """Median for one frame."""
    answers: tuple[str | None, ...] = ()
    """Its label of each frame, None where it failed."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the version is at fault, and why."""

    fault: bool
    words: str


def measure(live: Live, known: Known, limits: GuardParams) -> tuple[Figure, ...]:
    """Every rule's figure; none while there are too few frames."""
    if live.frames < limits.min_frames:
        return ()
    failed, answered = live.failed / live.frames, live.frames - live.failed
    figures = [
        Figure("errors", failed, limits.max_error_share, f"{live.failed} of {live.frames} frames could not be answered")
    ]
    if answered < limits.min_frames / 2:
        return tuple(figures)
    rise = live.unknown / answered - (known.unknown_share or 0.0)
    shift = label_shift(live.labels, known.label_shares, known.pictures)
    words = f"{live.unknown} of {answered} frames unknown"
    if known.unknown_share is not None:
        words += f", {known.unknown_share:.1%} of its validation pictures"
    figures.append(Figure("unknown", max(rise, 0.0), limits.max_unknown_rise, words))
    figures.append(Figure("labels", shift, limits.max_label_shift, say_labels(live.labels, known)))
    if live.milliseconds is not None and known.milliseconds:
        slower = live.milliseconds / known.milliseconds if live.milliseconds >= LEAST_MILLISECONDS else 0.0
        words = f"{live.milliseconds:.1f} ms a frame, {known.milliseconds:.1f} are usual"
        figures.append(Figure("latency", slower, limits.max_latency_ratio, words))
    return tuple(figures)


def label_shift(counts: Mapping[str, int], shares: Mapping[str, float], pictures: int | None) -> float:
    """0 to 1: how far labels are from what is usual, beyond what so few frames explain. 1: one class only.

    The larger of two: total variation by the largest that these shares allow, and how much of the usual variety is
    gone. The first alone would never call one frequent class far.
    """
    total = sum(counts.values())
    if not total or len(shares) < 2:
        return 0.0
    spread = sum(math.sqrt(p * (1 - p) * (1 / total + 1 / (pictures or math.inf))) for p in shares.values())
    by_chance = spread * math.sqrt(2 / math.pi) / 2 + math.sqrt(math.log(1 / CHANCE) / (2 * total))
    farthest = 1 - min(shares.values())
    far = (total_variation(counts, shares) - by_chance) / farthest
    usual = max(shares.values())
    most = max(counts.values()) / total
    chance_of_most = math.sqrt(math.log(1 / CHANCE) / (2 * total)) * 2 * math.sqrt(usual * (1 - usual))
    gone = (most - usual - chance_of_most) / (1 - usual) if usual < 1 else 0.0
    if most == 1.0 and usual + chance_of_most < 1:
        gone = 1.0
    return min(max(far, gone, 0.0), 1.0)


def total_variation(counts: Mapping[str, int], shares: Mapping[str, float]) -> float:
    """0 for the same mix, 1 for nothing in common."""
    total = sum(counts.values())
    names = counts.keys() | shares.keys()
    return sum(abs(counts.get(name, 0) / total - shares.get(name, 0.0)) for name in names) / 2


def variety_lost(counts: Mapping[str, int], others: Mapping[str, int]) -> float:
    """0 to 1: how much further the first mix is concentrated than the second, whatever the labels are called.

    Two versions that each call a quiet scene by one name differ by nothing here. Never negative.
    """
    mine, theirs = _ranked(counts), _ranked(others)
    longest = max(len(mine), len(theirs))
    mine += [0.0] * (longest - len(mine))
    theirs += [0.0] * (longest - len(theirs))
    if not longest or mine[0] <= theirs[0]:
        return 0.0
    return sum(abs(a - b) for a, b in zip(mine, theirs, strict=True)) / 2


def judge(rule: Rule, served: Said, witness: Said, of_served: Known, of_witness: Known, limits: GuardParams) -> Verdict:
    """Whether the version that serves is to blame for what its rule found; both saw the same frames just now."""
    least = LEAST_FAILED if rule == "errors" else LEAST_PICTURES
    if served.pictures < least:
        return Verdict(False, f"only {served.pictures} frames could be asked again, at least {least} are needed")
    if rule == "errors":
        return _judge_errors(served, witness)
    if witness.failed * 10 > witness.pictures:
        return Verdict(False, f"the version before fails on {witness.failed} of these frames itself")
    if rule == "latency":
        return _judge_latency(served, witness, limits)
    expected = of_served.error + of_witness.error + SLACK
    if rule == "labels":
        return _judge_labels(served, witness, expected)
    if not of_witness.tells_unknown:
        return Verdict(False, "the version before calls nothing unknown, so it cannot be compared")
    return _judge_unknown(served, witness, expected, limits)


def judge_broken(served: Said, witness: Said) -> Verdict:
    """Of a version that could not answer even a blank picture, or ten frames in a row."""
    words = f"the version before answers {witness.pictures - witness.failed} of {witness.pictures} of its frames"
    return Verdict(served.failed == served.pictures > 0 == witness.failed, words)


def _judge_errors(served: Said, witness: Said) -> Verdict:
    words = (
        f"of {served.pictures} frames that failed it fails on {served.failed} again, the version before on "
        f"{witness.failed}"
    )
    return Verdict(served.failed * 2 >= served.pictures and witness.failed * 4 <= served.failed, words)


def _judge_latency(served: Said, witness: Said, limits: GuardParams) -> Verdict:
    if not served.milliseconds or not witness.milliseconds:
        return Verdict(False, "nothing was measured")
    words = f"{served.milliseconds:.1f} ms a frame, the version before {witness.milliseconds:.1f} on the same frames"
    return Verdict(served.milliseconds / witness.milliseconds > limits.max_latency_ratio, words)


def _judge_unknown(served: Said, witness: Said, expected: float, limits: GuardParams) -> Verdict:
    """Two versions that name the same classes as often as on test pictures look at pictures of these classes."""
    words = f"unknown {served.unknown} of {served.pictures} frames, by the version before {witness.unknown}"
    if _most(witness) > MOST_OF_ONE:
        return Verdict(False, f"{words}; the version before sees hardly more than one class itself")
    differ = share_that_differs(served, witness)
    if differ > expected:
        return Verdict(False, f"{words}, and {differ:.0%} are labelled otherwise: they may be of nothing it knows")
    return Verdict((served.unknown - witness.unknown) / served.pictures > limits.max_unknown_rise, words)


def _judge_labels(served: Said, witness: Said, expected: float) -> Verdict:
    """Where the version before is known to err often, that it says something else accuses nobody."""
    words = f"the version before says {_say_counts(witness.labels)} of the same frames, it {_say_counts(served.labels)}"
    most = _most(witness)
    if most > MOST_OF_ONE:
        return Verdict(False, f"{words}: it is the scene")
    differ = share_that_differs(served, witness)
    if differ - _by_chance(differ, served.pictures) <= expected:
        return Verdict(False, f"{words}: {differ:.0%} differ, and the two are known to err that often")
    lost = variety_lost(served.labels, witness.labels)
    return Verdict(lost - _by_chance(most, served.pictures) > LOST_VARIETY, words)


def share_that_differs(served: Said, witness: Said) -> float:
    """Of the frames that both answered."""
    pairs = [(a, b) for a, b in zip(served.answers, witness.answers, strict=True) if a is not None and b is not None]
    return sum(a != b for a, b in pairs) / len(pairs) if pairs else 1.0


def _by_chance(share: float, frames: int) -> float:
    return DEVIATIONS * math.sqrt(share * (1 - share) / frames)


def say_labels(counts: Mapping[str, int], known: Known) -> str:
    """`red 40 of 40 frames, usually 33 %`."""
    if not counts:
        return "no labels"
    most = max(counts, key=lambda name: counts[name])
    said = f"{most} {counts[most]} of {sum(counts.values())} frames, usually {known.label_shares.get(most, 0):.0%}"
    return said if known.pictures else f"{said} if all classes are alike"


def _ranked(counts: Mapping[str, int]) -> list[float]:
    total = sum(counts.values())
    return sorted((count / total for count in counts.values()), reverse=True) if total else []


def _most(said: Said) -> float:
    ranked = _ranked(said.labels)
    return ranked[0] if ranked else 1.0


def _say_counts(counts: Mapping[str, int]) -> str:
    most = sorted(counts.items(), key=lambda item: -item[1])[:3]
    return ", ".join(f"{name} {count}" for name, count in most) or "nothing"
