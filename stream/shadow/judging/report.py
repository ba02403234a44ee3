"""The report on a challenger: the frames that both answered, compared and judged, with the pictures that are left."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pipelines.errors import FrameStoreError, RegistryError, StoreError
from pipelines.shadow_params import ShadowParams
from stream.frames.opened import OpenedFrames
from stream.models.watcher import LiveLookup
from stream.shadow.judging.answers import (
    Disagreement,
    Window,
    count_alone,
    count_answers,
    find_challengers,
    find_opponents,
    read_answers,
    read_disagreements,
    read_network_times,
    read_times,
)
from stream.shadow.judging.comparison import Percentiles, ShadowComparison, compare_answers
from stream.shadow.judging.labels import LabelledSample, judge_labels
from stream.shadow.judging.verdict import Verdict, decide
from stream.store import PredictionStore

LOOKED_AT: Final = 400
"""Disagreements whose pictures are looked for, the newest."""
SHOWN: Final = 48


@dataclass(frozen=True, slots=True)
class ShadowReport:
    """A challenger judged on live frames."""

    window: Window
    comparison: ShadowComparison
    verdict: Verdict
    sample: LabelledSample | None
    alone: int
    """Frames that production did not answer."""
    left_out: Mapping[int, int]
    """Other versions of production, with how many of the challenger's frames they answered."""
    disagreements: tuple[Disagreement, ...]
    """The newest."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """Of the disagreements, as far as they are kept."""

    shown: tuple[tuple[Disagreement, bytes], ...]
    gone: int
    """Of those that were looked for."""
    kept: int


def choose_window(
    store: PredictionStore,
    open_lookup: Any,
    classifier: str,
    version: int | None,
    begins: datetime | None,
    ends: datetime | None,
) -> Window:
    """The version named, else the one that answered last, against production's last one on the same frames.

    Raises StoreError where there is nothing to compare, RegistryError for a classifier that nobody knows.
    """
    found = find_challengers(store, classifier)
    if not found:
        check_classifier(open_lookup, classifier)
        raise StoreError(
            f"Expected answers of a challenger of {classifier}, found none. Run `vigia challenge {classifier} VERSION` "
            "while cameras send frames; `vigia status` says what the shadow does."
        )
    versions = [number for number, _ in found]
    chosen = versions[0] if version is None else version
    if chosen not in versions:
        known = ", ".join(map(str, sorted(versions)))
        raise StoreError(
            f"Expected a version of {classifier} that has answered in the shadow ({known}), received {chosen}. "
            f"Name one of these, or run `vigia challenge {classifier} {chosen}`."
        )
    window = Window(classifier, chosen, 0, begins, ends)
    opponents = [number for number in find_opponents(store, window) if number != chosen]
    if not opponents:
        span, last = _say_span(begins, ends), dict(found)[chosen].isoformat(timespec="seconds")
        raise StoreError(
            f"Expected frames that both {classifier} version {chosen} and production answered"
            f"{span}, found none; its last answer is of {last}. "
            "Choose another window, or let production answer, too."
        )
    return Window(classifier, chosen, opponents[0], begins, ends)


def build_report(
    store: PredictionStore, window: Window, params: ShadowParams, labels: Mapping[str, str] | None
) -> ShadowReport:
    """Raises StoreError when the store is away."""
    comparison = compare_answers(
        count_answers(store, window), read_times(store, window), read_network_times(store, window)
    )
    sample = judge_labels(labels, read_answers(store, window, list(labels))) if labels else None
    opponents = find_opponents(store, window)
    return ShadowReport(
        window=window,
        comparison=comparison,
        verdict=decide(comparison, sample, params),
        sample=sample,
        alone=count_alone(store, window),
        left_out={number: frames for number, frames in opponents.items() if number != window.against},
        disagreements=read_disagreements(store, window, limit=LOOKED_AT),
    )


def find_pictures(report: ShadowReport, kept: OpenedFrames) -> Pictures:
    """Bytes of the newest disagreements whose frames are kept here; a store that is away has none."""
    shown: list[tuple[Disagreement, bytes]] = []
    found = 0
    for each in report.disagreements:
        content = read_picture(each, kept)
        found += content is not None
        if content is not None and len(shown) < SHOWN:
            shown.append((each, content))
    return Pictures(tuple(shown), len(report.disagreements) - found, found)


def read_picture(frame: Disagreement, kept: OpenedFrames) -> bytes | None:
    for row in kept.index.find_at(frame.position):
        if row.sha256 == frame.image_sha256:
            try:
                return kept.read(row)
            except FrameStoreError:
                return None
    return None


def describe_report(report: ShadowReport) -> dict[str, Any]:
    """The document of `vigia shadow report --json`, without its page."""
    window, comparison = report.window, report.comparison
    return {
        "classifier": window.classifier,
        "version": window.version,
        "against": window.against,
        "from": window.begins and window.begins.isoformat(),
        "to": window.ends and window.ends.isoformat(),
        "frames": comparison.frames,
        "agreement": comparison.agreement.value,
        "agreement_interval": [comparison.agreement.low, comparison.agreement.high],
        "verdict": report.verdict.decision,
        "reasons": list(report.verdict.reasons),
        "unknown": {side: share.value for side, share in zip(SIDES, comparison.unknown, strict=True)},
        "cameras": [
            {"camera_id": each.camera_id, "frames": each.frames, "agreement": each.agreement}
            for each in comparison.cameras
        ],
        "disagreements": [
            {"production": each.production, "challenger": each.challenger, "frames": each.frames}
            for each in comparison.confusions
        ],
        "latency_ms": {side: _describe(each) for side, each in zip(SIDES, comparison.latency_ms, strict=True)},
        "infer_ms": {side: _describe(each) for side, each in zip(SIDES, comparison.infer_ms, strict=True)},
        "labels": report.sample and {name: getattr(report.sample, name) for name in LabelledSample.__slots__},
        "unanswered_by_production": report.alone,
        "other_versions": {str(number): frames for number, frames in report.left_out.items()},
    }


SIDES: Final = ("production", "challenger")


def check_classifier(open_lookup: Any, classifier: str) -> None:
    """Raises RegistryError for a name that is not registered; a registry that is away knows no better."""
    try:
        lookup: LiveLookup = open_lookup()
        names = lookup.classifiers()
    except Exception:  # noqa: BLE001  clients of the registry leak errors of many kinds; the store has said enough
        return
    if classifier not in names:
        raise RegistryError(
            f"Expected a registered classifier, received {classifier!r}; there are: {', '.join(names) or 'none'}. "
            "Correct the name."
        )


def _describe(percentiles: Percentiles) -> dict[str, float | None]:
    return {name: getattr(percentiles, name) for name in Percentiles.__slots__}


def _say_span(begins: datetime | None, ends: datetime | None) -> str:
    said = [f" from {begins.isoformat()}" if begins else "", f" to {ends.isoformat()}" if ends else ""]
    return "".join(said)
