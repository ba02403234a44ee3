"""A trace in words: sections that the terminal draws as a tree and the page as tables."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pipelines.ancestry import Ancestry
from pipelines.datasets.origins import DRAWN
from stream.messages import Prediction
from stream.tracing.documents import sum_by
from stream.tracing.queries import ServedCount
from stream.tracing.traces import FrameTrace, ModelTrace, NearPicture

SHOWN_PARAMS = ("architecture", "weights", "image_size", "epochs", "batch_size", "learning_rate", "seed")
SHOWN_METRICS = ("accuracy", "macro_f1", "log_loss", "ece", "pictures")
UNKNOWN = "not recorded"


@dataclass(frozen=True, slots=True)
class Section:
    """One link of the chain."""

    title: str
    summary: str
    rows: tuple[tuple[str, str], ...] = ()


def tell_frame_trace(trace: FrameTrace) -> tuple[Section, ...]:
    """From the frame to its nearest training pictures."""
    prediction = trace.prediction
    return (
        Section(
            "frame",
            f"{prediction.frame_id} of camera {prediction.camera_id}",
            (
                ("place", f"{prediction.position.topic}, partition {prediction.position.partition}, "
                          f"offset {prediction.position.offset}"),
                ("picture", f"{prediction.image_name or 'without a name'}, SHA-256 {prediction.image_sha256}"),
                ("kept", _tell_kept(trace)),
                ("captured", tell_moment(prediction.captured_at)),
                ("received", tell_moment(prediction.received_at)),
            ),
        ),
        Section(
            "prediction",
            f"{prediction.classifier} says {prediction.label}, {prediction.confidence:.1%}, {prediction.decision}",
            (
                ("others", ", ".join(f"{label} {probability:.1%}" for label, probability in prediction.top[1:])),
                *_tell_consensus(prediction),
                ("answered", f"{tell_moment(prediction.predicted_at)} by {prediction.worker} as {prediction.role}"),
                ("precision", prediction.precision or UNKNOWN),
                *(("also", f"{other.classifier} version {other.model_version} ({other.role}): {other.label}, "
                           f"{other.confidence:.1%}") for other in trace.also),
            ),
        ),
        _tell_model(trace.ancestry, _tell_held(trace)),
        *_tell_behind(trace.ancestry),
        Section(
            "nearest",
            f"{len(trace.nearest)} training pictures most like the frame",
            tuple((f"{picture.likeness:.3f}", tell_picture(picture)) for picture in trace.nearest),
        ),
        *_tell_notes(trace.notes),
    )  # fmt: skip


def tell_model_trace(trace: ModelTrace) -> tuple[Section, ...]:
    """From the version to its pictures, and to what it answered."""
    served = trace.served
    parents = tuple((f"version {parent.version}", parent.relation) for parent in trace.parents)
    return (
        _tell_model(trace.ancestry, ()),
        *_tell_behind(trace.ancestry),
        Section("parents", "versions it took over from" if parents else "took over from no version", parents),
        Section(
            "served",
            f"{sum(each.predictions for each in served):,} predictions{_tell_span(served)}",
            (
                *((f"camera {name}", f"{count:,}") for name, count in sum_by(served, "camera_id").items()),
                *((f"day {name}", f"{count:,}") for name, count in sum_by(served, "day").items()),
                *((f"{event.event}", f"{tell_moment(event.at)} on {event.worker}") for event in trace.events),
            ),
        ),
    )


def draw_tree(sections: Sequence[Section]) -> str:
    """The chain with its rows as branches."""
    lines = []
    for place, section in enumerate(sections):
        last = place == len(sections) - 1
        lines.append(f"{'└─' if last else '├─'} {section.title:<11} {section.summary}")
        width = max((len(name) for name, _ in section.rows), default=0)
        for index, (name, text) in enumerate(section.rows):
            branch = "└─" if index == len(section.rows) - 1 else "├─"
            lines.append(f"{'  ' if last else '│ '} {branch} {name:<{width}}  {text}".rstrip())
    return "\n".join(lines)


def tell_picture(picture: NearPicture) -> str:
    """Where a training picture came from."""
    if picture.origin is None:
        return f"SHA-256 {picture.sha256[:12]}…, origin unknown"
    origin = picture.origin.origin
    return picture.origin.file + ("" if origin is None else f", {origin if origin == DRAWN else f'from {origin}'}")


def tell_moment(moment: datetime) -> str:
    """UTC, to the millisecond."""
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d} UTC"


def _tell_kept(trace: FrameTrace) -> str:
    if not trace.kept:
        return "no"
    reasons = ", ".join(kept.reason for kept in trace.kept)
    return f"{trace.kept[0].path} in {trace.kept[0].store} ({reasons})"


def _tell_consensus(prediction: Prediction) -> Iterator[tuple[str, str]]:
    """Nothing for a frame that no window was asked about."""
    if prediction.consensus_policy is None:
        return
    label, confidence = prediction.consensus_label, prediction.consensus_confidence
    said = "undecided" if label is None or confidence is None else f"{label} {confidence:.1%}"
    yield "consensus", f"{said}, {prediction.consensus_frames} frames, policy {prediction.consensus_policy}"


def _tell_held(trace: FrameTrace) -> tuple[tuple[str, str], ...]:
    held = trace.held
    times = f" since {tell_moment(held.since)}" if held.since else ""
    end = f" until {tell_moment(held.until)}" if held.until else ""
    return (("then", f"{held.alias}{times}{end}"), ("known by", held.known_from))


def _tell_model(ancestry: Ancestry, held: tuple[tuple[str, str], ...]) -> Section:
    model = ancestry.model
    return Section(
        "model",
        f"{model.classifier} version {model.version}",
        (
            *held,
            ("now", ", ".join(model.aliases) or "no alias"),
            ("artefact", f"SHA-256 {model.tags.get('vigia.sha256', UNKNOWN)}"),
            ("serves in", _tell_precision(model.tags)),
            ("registered", tell_moment(model.created_at)),
            ("gate", model.tags.get("vigia.gate", UNKNOWN)),
        ),
    )


def _tell_precision(tags: Mapping[str, str]) -> str:
    source = tags.get("vigia.made_from")
    return tags.get("vigia.precision", UNKNOWN) + (f", made of version {source} without a training" if source else "")


def _tell_behind(ancestry: Ancestry) -> Iterator[Section]:
    run, environment, code, dataset = ancestry.run, ancestry.environment, ancestry.code, ancestry.dataset
    params = {key: run.params.get(f"plan.{key}", run.params.get(f"train.{key}")) for key in SHOWN_PARAMS}
    yield Section(
        "run",
        f"{run.name} ({run.run_id}), {run.status.lower()}",
        (
            ("ran", f"{_tell_maybe(run.started_at)} to {_tell_maybe(run.ended_at)}"),
            ("params", ", ".join(f"{key} {value}" for key, value in params.items() if value is not None) or UNKNOWN),
            ("test", ", ".join(f"{key} {run.metrics[key]:.4g}" for key in SHOWN_METRICS if key in run.metrics)),
            ("lock", f"requirements.lock SHA-256 {environment.lock_sha256 or UNKNOWN}"),
            ("machine", f"Python {environment.python or UNKNOWN}, {environment.processor or UNKNOWN}"),
            ("libraries", ", ".join(f"{name} {version}" for name, version in environment.libraries.items()) or UNKNOWN),
        ),
    )
    if code.dirty:
        patch = f"SHA-256 {code.patch_sha256}, kept with the run" if code.patch_sha256 else UNKNOWN
        state: tuple[tuple[str, str], ...] = (("changed", "files differed from the commit"), ("patch", patch))
    else:
        state = (("changed", "nothing: the work tree was clean"),)
    told = f"{code.subject} ({code.committed_at})" if code.in_repository else "not in this clone"
    yield Section("code", f"commit {code.commit or UNKNOWN}", (("message", told), *state))
    elsewhere = "in the run's patch, not committed" if code.patch_sha256 else "in no commit of this clone"
    yield Section(
        "dataset",
        f"{dataset.path or UNKNOWN}, {_tell_count(dataset.pictures)}",
        (("md5", dataset.md5 or UNKNOWN), ("recorded", dataset.commit or elsewhere)),
    )


def _tell_notes(notes: Sequence[str]) -> Iterator[Section]:
    if notes:
        yield Section("notes", "what could not be said", tuple(("·", note) for note in notes))


def _tell_span(served: Sequence[ServedCount]) -> str:
    if not served:
        return ""
    first, last = min(each.first_at for each in served), max(each.last_at for each in served)
    return f", {tell_moment(first)} to {tell_moment(last)}"


def _tell_maybe(moment: datetime | None) -> str:
    return tell_moment(moment) if moment else UNKNOWN


def _tell_count(pictures: int | None) -> str:
    return f"{pictures:,} pictures" if pictures is not None else "number of pictures not recorded"
