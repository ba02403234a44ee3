"""Which dead letters a command is about: ids and filters from its options."""

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import typer

if TYPE_CHECKING:
    from stream.dead_letters.records import Choice
    from stream.messages import Position

_AGO: Final = re.compile(r"(\d{1,6})([smhd])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
STAGES: Final = ("schema", "decode", "image", "infer")


def build_choice(
    ids: list[str] | None,
    reason: str | None,
    stage: str | None,
    camera: str | None,
    since: str | None,
    until: str | None,
) -> "Choice":
    """Raises StoreError for an id that is none, typer.BadParameter for a wrong time or stage."""
    from stream.dead_letters.records import Choice

    if stage is not None and stage not in STAGES:
        raise typer.BadParameter(f"expected one of {', '.join(STAGES)}, received {stage!r}.", param_hint="--stage")
    now = datetime.now(UTC)
    return Choice(
        positions=tuple(parse_position(letter_id) for letter_id in ids or ()),
        reason=reason,
        stage=stage,
        camera_id=camera,
        since=None if since is None else parse_moment(since, now, "--since"),
        until=None if until is None else parse_moment(until, now, "--until"),
    )


def require_choice(choice: "Choice", everything: bool) -> None:
    """What changes something names its letters. Raises typer.BadParameter."""
    if everything and not choice.is_everything:
        raise typer.BadParameter("expected --all or a choice, received both.", param_hint="--all")
    if not everything and choice.is_everything:
        raise typer.BadParameter("expected ids, a filter such as --reason, or --all.", param_hint="ID")


def parse_moment(text: str, now: datetime, option: str) -> datetime:
    """A time without a zone is UTC, as every time that is shown."""
    try:
        if ago := _AGO.fullmatch(text):
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"expected a time such as 2026-11-27T18:00 or 12h, received {text!r}.", param_hint=option
        ) from None


def parse_position(letter_id: str) -> "Position":
    """Raises StoreError for what is no id."""
    from pipelines.errors import StoreError
    from stream.messages import Position

    try:
        topic, partition, offset = letter_id.rsplit("-", 2)
        return Position(topic, int(partition), int(offset))
    except ValueError:
        raise StoreError(f"Expected an id such as topic-0-17, received {letter_id!r}.") from None
