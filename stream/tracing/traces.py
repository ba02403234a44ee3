"""`vigia trace`: one prediction back to training pictures, and one model version forward to what it answered."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.ancestry import Ancestry, read_ancestry
from pipelines.datasets.origins import PictureOrigin, explain_unknown, find_origins
from pipelines.errors import StoreError
from pipelines.lookup.facts import Lookup
from pipelines.promotion.log_book import LogBook
from stream.frames.kept_frames import KeptFrame, KeptIndex
from stream.messages import Prediction
from stream.store import ModelEvent, PredictionStore
from stream.tracing.aliases import HeldAlias, Parent, decide_held_alias, find_parents
from stream.tracing.queries import ServedCount, count_served, find_answers, newest_frame_ids, read_model_events


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
    kept: tuple[KeptFrame, ...] = ()
    """Whether its picture is kept: a row for each reason."""


@dataclass(frozen=True, slots=True)
class ModelTrace:
    """One model version with all that is behind it and all that it answered."""

    ancestry: Ancestry
    parents: tuple[Parent, ...]
    served: tuple[ServedCount, ...]
    events: tuple[ModelEvent, ...]


def trace_frame(
    store: PredictionStore,
    lookup: Lookup,
    book: LogBook,
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
    ancestry = read_ancestry(lookup, workspace, chosen.classifier, chosen.model_version)
    nearest = _find_nearest(workspace, chosen, ancestry)
    held = decide_held_alias(chosen, read_model_events(store, chosen.classifier), book.read(chosen.classifier))
    return FrameTrace(
        prediction=chosen,
        also=tuple(answer for answer in answers if answer is not chosen),
        held=held,
        ancestry=ancestry,
        nearest=nearest,
        notes=tuple(_list_notes(chosen, held, ancestry, nearest)),
        kept=KeptIndex(store).find_at(chosen.position),
    )


def trace_model(
    store: PredictionStore, lookup: Lookup, book: LogBook, workspace: Path, classifier: str, version: int
) -> ModelTrace:
    """Raises RegistryError when the version cannot be asked for."""
    ancestry = read_ancestry(lookup, workspace, classifier, version)
    events = tuple(event for event in read_model_events(store, classifier) if event.to_version == version)
    parents = find_parents(version, events, book.read(classifier))
    return ModelTrace(ancestry, parents, count_served(store, classifier, version), events)


def choose_answer(answers: Sequence[Prediction], classifier: str | None, role: str | None) -> Prediction | None:
    """The newest that fits; of several, production before shadow and classifiers by name."""
    fitting = [each for each in answers if classifier in (None, each.classifier) and role in (None, each.role)]
    return min(fitting, key=lambda each: (each.role != "production", each.classifier), default=None)


def _find_nearest(workspace: Path, prediction: Prediction, ancestry: Ancestry) -> tuple[NearPicture, ...]:
    md5 = ancestry.dataset.md5
    digests = [digest for digest, _ in prediction.nearest]
    origins = find_origins(workspace, prediction.classifier, md5, digests) if md5 and digests else {}
    return tuple(NearPicture(digest, likeness, origins.get(digest)) for digest, likeness in prediction.nearest)


def _list_notes(
    prediction: Prediction, held: HeldAlias, ancestry: Ancestry, nearest: Sequence[NearPicture]
) -> Iterable[str]:
    if held.disagreement:
        yield held.disagreement
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
