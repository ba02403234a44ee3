"""Dead letters in words and as documents. What senders wrote is escaped: nothing of it commands a terminal."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pipelines.terminal import say, show_bytes
from stream.dead_letters.letters import KeptLetter
from stream.dead_letters.records import StoredLetter
from stream.dead_letters.replaying import ReplayReport
from stream.messages import DeadLetter, Position

HEADERS_SHOWN: Final = 40
_PREVIEW_BYTES: Final = 200
_TOLD_ONE_BY_ONE: Final = 20


def summarise(stored: StoredLetter) -> dict[str, Any]:
    """A letter as `list --json` gives it."""
    letter = stored.letter
    return {
        "id": letter.position.frame_id,
        "topic": letter.position.topic,
        "partition": letter.position.partition,
        "offset": letter.position.offset,
        "reason": letter.reason,
        "stage": letter.stage,
        "camera_id": letter.camera_id,
        "size_bytes": letter.size_bytes,
        "created_at": letter.created_at.isoformat(),
        "replayed_at": stored.replayed_at.isoformat() if stored.replayed_at else None,
    }


def describe(stored: StoredLetter, kept: KeptLetter | None, origin: Position | None) -> dict[str, Any]:
    """Everything about one letter; `original` is what its topic holds of it."""
    return {
        **summarise(stored),
        "message": stored.letter.message,
        "sha256": stored.letter.sha256,
        "replayed_as": stored.replayed_as.frame_id if stored.replayed_as else None,
        "replay_of": origin.frame_id if origin else None,
        "original": _describe_original(kept) if kept else None,
    }


def print_table(letters: Sequence[StoredLetter]) -> None:
    for stored in letters:
        letter = stored.letter
        moment = letter.created_at.isoformat(timespec="seconds")
        replayed = "  replayed" if stored.replayed_at else ""
        camera = _safe(letter.camera_id or "-")
        print(f"{letter.position.frame_id:32} {moment}  {letter.stage:7} {letter.reason:20} {camera}{replayed}")


def print_details(details: Mapping[str, Any]) -> None:
    for name, value in details.items():
        if name != "original" and value is not None:
            print(f"{name:12} {_safe(str(value))}")
    original = details["original"]
    if original is None:
        return
    print(f"{'key':12} {original['key']}")
    print(f"{'value':12} {original['value']}")
    for name, value in original["headers"]:
        print(f"{'header':12} {name}: {value}")


def report_dry_run(letters: Sequence[StoredLetter]) -> dict[str, Any]:
    return {"would_replay": [stored.position.frame_id for stored in letters if stored.replayed_at is None]}


def report_replay(report: ReplayReport) -> dict[str, Any]:
    """The document of `replay --json`: counts, and each letter that is not simply answered."""
    return {
        "replayed": len(report.sent),
        "again_dead": len(report.again_dead),
        "answered": len(report.answered),
        "waiting": [letter.frame_id for letter in report.waiting],
        "died_again": [
            {
                "id": letter.frame_id,
                "again": again.position.frame_id,
                "stage": again.stage,
                "reason": again.reason,
                "message": again.message,
            }
            for letter, again in report.again_dead.items()
        ],
        "not_sent": [
            {"id": letter.frame_id, "because": obstacle, "message": words}
            for letter, (obstacle, words) in report.not_sent.items()
        ],
    }


def say_report(report: ReplayReport) -> None:
    """The same for a person, in one line a group and one a letter of the first twenty."""
    counts = f"{len(report.sent)} replayed, {len(report.answered)} answered, {len(report.again_dead)} dead again"
    say(counts + (f", {len(report.waiting)} not read by a worker yet" if report.waiting else ""))
    if report.continued:
        say(f"{report.continued} of them had been sent by a command that was interrupted")
    _say_some([_tell_again(letter, again) for letter, again in report.again_dead.items()])
    _say_some([f"{letter.frame_id} was not sent: {words}" for letter, (_, words) in report.not_sent.items()])


def _tell_again(letter: Position, again: DeadLetter) -> str:
    return _safe(f"{letter.frame_id} is dead again as {again.position.frame_id}: {again.reason}. {again.message}")


def _say_some(lines: Sequence[str]) -> None:
    for line in lines[:_TOLD_ONE_BY_ONE]:
        say(line)
    if len(lines) > _TOLD_ONE_BY_ONE:
        say(f"... and {len(lines) - _TOLD_ONE_BY_ONE} more; --json has them all")


def _describe_original(kept: KeptLetter) -> dict[str, Any]:
    headers = [
        [_safe(name), None if value is None else show_bytes(value)] for name, value in kept.headers[:HEADERS_SHOWN]
    ]
    return {
        "key": None if kept.key is None else show_bytes(kept.key),
        "headers": headers,
        "header_count": len(kept.headers),
        "timestamp_ms": kept.timestamp_ms,
        "attempts": kept.attempts,
        "complete": kept.complete,
        "value": None if kept.value is None else show_bytes(kept.value, _PREVIEW_BYTES),
        "sha256": hashlib.sha256(kept.value or b"").hexdigest(),
    }


def _safe(text: str) -> str:
    return show_bytes(text.encode("utf-8", "backslashreplace"), most=4000)
