"""`vigia trace`: one prediction back to training pictures, and one model version forward to what it answered."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from pipelines.ancestry import Ancestry, read_ancestry
from pipelines.datasets.origins import PictureOrigin, explain_unknown, find_origins
from pipelines.errors import StoreError
from pipelines.lean_registry import LeanRegistry
from stream.messages import Prediction
from stream.store import ModelEvent, PredictionStore
from stream.tracing.queries import ServedCount, count_served, find_answers, newest_frame_ids, read_model_events

SERVES: Final = ("loaded", "swapped", "rolled_back")
ALIAS_OF_ROLE: Final = {"production": "production", "shadow": "challenger"}


@dataclass(frozen=True, slots=True)
class HeldAlias:
    """The alias that a version held when it answered."""

    alias: str
    since: datetime | None
    """When the worker that answered took the version for it; None where no worker wrote that down."""
    until: datetime | None
    """When the same worker took another one; None: it has not."""
    known_from: str


@dataclass(frozen=True, slots=True)
class NearPicture:
    """A training picture that the frame resembles."""

    sha256: str
    likeness: float
    """Cosine in feature space, up to 1."""
    origin: PictureOrigin | None
    """None where no record at hand knows the picture."""


@dataclass(frozen=True, slots=True)
class FrameTrace:
    """One prediction with all that is behind it."""

    prediction: Prediction
    also: tuple[Prediction, ...]
    """What others said about the same frame."""
    held: HeldAlias
    ancestry: Ancestry
    nearest: tuple[NearPicture, ...]
    notes: tuple[str, ...]
    """What could not be said, and why."""


@dataclass(frozen=True, slots=True)
class Parent:
    """A version that this one was measured against, or took the place of."""

    version: int
    relation: str


@dataclass(frozen=True, slots=True)
class ModelTrace:
    """One model version with all that is behind it and all that it answered."""

    ancestry: Ancestry
    parents: tuple[Parent, ...]
    served: tuple[ServedCount, ...]
    events: tuple[ModelEvent, ...]


def trace_frame(
    store: PredictionStore,
    registry: LeanRegistry,
    workspace: Path,
    frame_id: str,
    *,
    classifier: str | None = None,
    role: str | None = None,
) -> FrameTrace:
    """Raises StoreError for a frame that nobody answered, RegistryError when the version cannot be asked for."""
    answers = find_answers(store, frame_id)
    chosen = choose_answer(answers, classifier, role)
    if chosen is None:
        raise StoreError(_explain_unknown_frame(store, frame_id, answers, classifier, role))
    ancestry = read_ancestry(registry, workspace, chosen.classifier, chosen.model_version)
    nearest = _find_nearest(workspace, chosen, ancestry)
    return FrameTrace(
        prediction=chosen,
        also=tuple(answer for answer in answers if answer is not chosen),
        held=decide_held_alias(chosen, read_model_events(store, chosen.classifier)),
        ancestry=ancestry,
        nearest=nearest,
        notes=tuple(_list_notes(chosen, ancestry, nearest)),
    )


def trace_model(
    store: PredictionStore, registry: LeanRegistry, workspace: Path, classifier: str, version: int
) -> ModelTrace:
    """Raises RegistryError when the version cannot be asked for."""
    ancestry = read_ancestry(registry, workspace, classifier, version)
    events = tuple(event for event in read_model_events(store, classifier) if event.to_version == version)
    return ModelTrace(ancestry, find_parents(ancestry, events), count_served(store, classifier, version), events)


def choose_answer(answers: Sequence[Prediction], classifier: str | None, role: str | None) -> Prediction | None:
    """The newest that fits; of several, production before shadow and classifiers by name."""
    fitting = [each for each in answers if classifier in (None, each.classifier) and role in (None, each.role)]
    return min(fitting, key=lambda each: (each.role != "production", each.classifier), default=None)


def decide_held_alias(prediction: Prediction, events: Iterable[ModelEvent]) -> HeldAlias:
    """From what the worker that answered wrote when it loaded versions: aliases move, these rows stay."""
    alias = ALIAS_OF_ROLE.get(prediction.role, prediction.role)
    own = [event for event in events if event.worker == prediction.worker and event.event in SERVES]
    before = [event for event in own if event.at <= prediction.predicted_at]
    if not before or before[-1].to_version != prediction.model_version:
        return HeldAlias(
            alias,
            None,
            None,
            f"the prediction's role ({prediction.role}): a worker serves in it what holds that alias; "
            "when it was loaded is not recorded",
        )
    later = next(
        (e.at for e in own if e.at > prediction.predicted_at and e.to_version != prediction.model_version), None
    )
    return HeldAlias(
        alias,
        before[-1].at,
        later,
        f"model event: {prediction.worker} {before[-1].event} version {prediction.model_version} as {alias}",
    )


def find_parents(ancestry: Ancestry, events: Iterable[ModelEvent]) -> tuple[Parent, ...]:
    """Versions that served where this one took over."""
    before = {event.from_version: event for event in events if event.event in SERVES and event.from_version}
    return tuple(
        Parent(version, f"production before it on {event.worker}, until {event.at.isoformat(timespec='seconds')}")
        for version, event in sorted(before.items())
        if version is not None and version != ancestry.model.version
    )


def _find_nearest(workspace: Path, prediction: Prediction, ancestry: Ancestry) -> tuple[NearPicture, ...]:
    md5 = ancestry.dataset.md5
    digests = [digest for digest, _ in prediction.nearest]
    origins = find_origins(workspace, prediction.classifier, md5, digests) if md5 and digests else {}
    return tuple(NearPicture(digest, likeness, origins.get(digest)) for digest, likeness in prediction.nearest)


def _list_notes(prediction: Prediction, ancestry: Ancestry, nearest: Sequence[NearPicture]) -> Iterable[str]:
    if not nearest:
        yield (
            "nearest training pictures: not recorded with this prediction; the model carries no training features, "
            "there was nothing to look at, or an older worker answered"
        )
    unknown = sum(picture.origin is None for picture in nearest)
    if unknown:
        why = explain_unknown(prediction.classifier, ancestry.dataset.md5 or "an unknown version")
        yield f"origin of {unknown} of the nearest pictures: {why}"
    if ancestry.code.commit and not ancestry.code.in_repository:
        yield f"commit {ancestry.code.commit[:12]} is not in this clone; `git fetch` may bring it"
    if not ancestry.environment.lock_sha256:
        yield "environment: the run was made before Vigía recorded it"


def _explain_unknown_frame(
    store: PredictionStore, frame_id: str, answers: Sequence[Prediction], classifier: str | None, role: str | None
) -> str:
    if answers:
        had = ", ".join(sorted({f"{answer.classifier} ({answer.role})" for answer in answers}))
        wanted = " ".join(filter(None, (classifier, role)))
        return f"Expected an answer of {wanted} about frame {frame_id}, found those of {had}. Leave the option away."
    newest = newest_frame_ids(store)
    mend = f"The newest are {', '.join(newest)}" if newest else "Nothing was predicted yet: start with `vigia up`"
    return (
        f"Expected the id of an answered frame, or topic-partition-offset; received {frame_id!r}, which the store does "
        f"not know. {mend}; `vigia dead-letters list` has the frames that could not be used."
    )
