"""What the live page asks, and the plain form of each question: one statement over the table, nothing remembered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Column, Connection, bindparam, func, select

from dashboard.activity import SpanHistory
from dashboard.queries import (
    DEAD_LETTERS_COUNTED,
    has_store,
    load_camera_predictions,
    load_cameras,
    load_dead_letters,
    load_models,
)
from dashboard.views.live import LATEST_DEAD_LETTERS, MINUTES
from pipelines.bench.figures import Lane, Round, Spread, ratio, time_questions, turned
from stream.tables import cameras, dead_letters, predictions

SECONDS: Final = 1.0
"""Of one question in one round, at least."""

Ask = Callable[[Connection], Any]


@dataclass(frozen=True, slots=True)
class Question:
    """Ours and the plain form, whose answers are the same."""

    ours: Ask
    plain: Ask


def build_questions(now: datetime, camera_id: str) -> dict[str, Question]:
    """By name; `visit` is what the first visitor waits for, `refresh` what every further second asks."""
    known = SpanHistory()
    questions = {
        "cameras": Question(_ask_cameras, _ask_cameras_plainly),
        "camera": Question(lambda c: _ask_camera(c, camera_id), lambda c: _ask_camera_plainly(c, camera_id)),
        "activity": Question(lambda c: _ask_activity(c, SpanHistory(), now), lambda c: _ask_activity_plainly(c, now)),
        "models": Question(_ask_models, _ask_models_plainly),
        "letters": Question(_ask_letters, _ask_letters_plainly),
    }
    plain = tuple(question.plain for question in questions.values())
    return {
        **questions,
        "visit": Question(lambda c: ask_page(c, SpanHistory(), now), lambda c: _ask_all(c, plain, now)),
        "refresh": Question(lambda c: ask_page(c, known, now), lambda c: _ask_all(c, plain, now)),
    }


def ask_page(connection: Connection, history: SpanHistory, now: datetime) -> Any:
    """All that the live page asks to draw itself."""
    has_store(connection.engine)
    found = load_cameras(connection)
    activity = _ask_activity(connection, history, now)
    models, letters = _ask_models(connection), _ask_letters(connection)
    cards = [_ask_camera(connection, camera.camera_id) for camera in found]
    return len(found), activity, models, letters, cards


def measure_questions(
    connection: Connection,
    questions: Mapping[str, Question],
    rounds: int,
    say: Callable[[str], None],
    seconds: float = SECONDS,
) -> list[Lane]:
    """Both forms of each in turns. A question whose two answers differ does not count."""
    forms: dict[str, Ask] = {}
    for name, question in questions.items():
        forms |= {f"{name} ours": question.ours, f"{name} plain": question.plain}
    answers = {name: ask(connection) for name, ask in forms.items()}
    found: dict[str, list[Round]] = {name: [] for name in forms}
    for round_ in range(rounds):
        for name in turned(list(forms), round_):
            ask = forms[name]
            found[name].append(time_questions(lambda ask=ask: ask(connection), seconds))  # type: ignore[misc]
        say(f"round {round_ + 1} of {rounds}")
    wrong = [name for name in questions if answers[f"{name} ours"] != answers[f"{name} plain"]]
    reason = "its answer is not that of the plain question"
    return [
        Lane(name, tuple(each), not_counted=reason if name.removesuffix(" ours") in wrong else None)
        for name, each in found.items()
    ]


def compare_questions(lanes: Sequence[Lane]) -> dict[str, Spread | None]:
    """Questions a second, ours over plain."""
    by_name = {lane.name: lane for lane in lanes}
    names = [name.removesuffix(" ours") for name in by_name if name.endswith(" ours")]
    return {f"{name}_ours_over_plain": ratio(by_name[f"{name} ours"], by_name[f"{name} plain"]) for name in names}


def _ask_cameras(connection: Connection) -> Any:
    return sorted((camera.camera_id, camera.last_at) for camera in load_cameras(connection))


def _ask_cameras_plainly(connection: Connection) -> Any:
    statement = (
        select(cameras.c.camera_id, func.max(predictions.c.predicted_at))
        .join(predictions, predictions.c.camera_id == cameras.c.camera_id)
        .where(_is_live())
        .group_by(cameras.c.camera_id)
    )
    return sorted(map(tuple, connection.execute(statement)))


def _ask_camera(connection: Connection, camera_id: str) -> Any:
    found = load_camera_predictions(connection, camera_id, image_sha256=None)
    return [(each.classifier, each.label, each.predicted_at) for each in found]


def _ask_camera_plainly(connection: Connection, camera_id: str) -> Any:
    statement = (
        select(predictions.c.classifier, predictions.c.label, func.max(predictions.c.predicted_at))
        .where(predictions.c.camera_id == camera_id, _is_live())
        .group_by(_unindexed(predictions.c.classifier))
    )
    return [tuple(row) for row in connection.execute(statement)]


def _ask_activity(connection: Connection, history: SpanHistory, now: datetime) -> Any:
    activity = history.load(connection, now, minutes=MINUTES)
    return sorted(activity.labels), [minute.predictions for minute in activity.minutes if minute.predictions]


def _ask_activity_plainly(connection: Connection, now: datetime) -> Any:
    first = now.replace(second=0, microsecond=0) - timedelta(minutes=MINUTES - 1)
    lately = (predictions.c.predicted_at >= first, _is_live())
    minute = func.substr(predictions.c.predicted_at, 1, 16)
    labels = select(predictions.c.classifier, predictions.c.label, func.count()).where(*lately)
    counts = select(minute, func.count()).where(*lately).group_by(minute).order_by(minute)
    rows = connection.execute(labels.group_by(_unindexed(predictions.c.classifier), predictions.c.label))
    return sorted(map(tuple, rows)), [count for _, count in connection.execute(counts)]


def _ask_models(connection: Connection) -> Any:
    return [(model.classifier, model.version) for model in load_models(connection)]


def _ask_models_plainly(connection: Connection) -> Any:
    statement = (
        select(predictions.c.classifier, predictions.c.model_version, func.max(predictions.c.predicted_at))
        .where(_is_live())
        .group_by(_unindexed(predictions.c.classifier))
    )
    return [(row[0], row[1]) for row in connection.execute(statement)]


def _ask_letters(connection: Connection) -> Any:
    letters = load_dead_letters(connection, latest=LATEST_DEAD_LETTERS)
    return letters.count, [letter.created_at for letter in letters.latest]


def _ask_letters_plainly(connection: Connection) -> Any:
    count = connection.execute(select(func.count()).select_from(dead_letters)).scalar_one()
    latest = select(dead_letters.c.created_at).order_by(dead_letters.c.created_at.desc()).limit(LATEST_DEAD_LETTERS)
    return min(count, DEAD_LETTERS_COUNTED), list(connection.execute(latest).scalars())


def _ask_all(connection: Connection, plain: Sequence[Ask], now: datetime) -> Any:
    cards, _camera, activity, models, letters = (ask for ask in plain)
    found = cards(connection)
    each = [_ask_camera_plainly(connection, camera_id) for camera_id, _ in found]
    return len(found), activity(connection), models(connection), letters(connection), each


def _is_live() -> Any:
    return _unindexed(predictions.c.role) == bindparam("role", "production")


def _unindexed(column: Column[str]) -> Any:
    """The same values as an expression, for which no index is used."""
    return column.concat("")
