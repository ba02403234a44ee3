"""`vigia dead-letters`: messages that could not be used."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.terminal import JsonOption, print_json, say

if TYPE_CHECKING:
    from stream.dead_letters.letters import KeptLetter
    from stream.dead_letters.records import StoredLetter
    from stream.messages import Position
    from stream.store import PredictionStore

IdsArgument = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="As `list` shows them.")]
ReasonOption = Annotated[str | None, typer.Option(help="Of this reason, such as truncated_picture.")]
StageOption = Annotated[str | None, typer.Option(help="Of this stage: schema, decode, image or infer.")]
CameraOption = Annotated[str | None, typer.Option(metavar="ID", help="Of this camera.")]
SinceOption = Annotated[
    str | None, typer.Option(metavar="TIME", help="From this time on: 2026-11-27T18:00 (UTC), or 90m, 12h, 7d ago.")
]
UntilOption = Annotated[str | None, typer.Option(metavar="TIME", help="Before this time, written the same way.")]
AllOption = Annotated[bool, typer.Option("--all", help="Every dead letter.")]

dead_letters_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Messages that could not be used.")


@dead_letters_app.command("list")
def list_dead_letters(
    ids: IdsArgument = None,
    reason: ReasonOption = None,
    stage: StageOption = None,
    camera: CameraOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: Annotated[int, typer.Option(min=1, help="How many, the newest first.")] = 100,
    everything: Annotated[bool, typer.Option("--all", help="However many there are.")] = False,
    json: JsonOption = False,
) -> None:
    """The newest dead letters, each with its reason."""
    from stream.dead_letters.choosing import build_choice
    from stream.dead_letters.records import find_letters
    from stream.dead_letters.telling import print_table, summarise

    choice = build_choice(ids, reason, stage, camera, since, until)
    letters = find_letters(open_store(), choice, limit=None if everything else limit)
    if json:
        print_json([summarise(stored) for stored in letters])
        return
    if not letters:
        none = (
            "No dead letters: every message could be used." if choice.is_everything else "No dead letter is of these."
        )
        say(none)
    print_table(letters)
    if len(letters) == limit and not everything:
        say(f"The newest {limit}; more with --limit or --all.")


@dead_letters_app.command()
def show(
    letter_id: Annotated[str, typer.Argument(metavar="ID", help="As `list` shows it.")],
    save: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the original value to this file, byte for byte.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """One dead letter with the whole sentence of its error, its key and its headers."""
    from pipelines.errors import BrokerError, WorkspaceError
    from stream.dead_letters.records import find_origin
    from stream.dead_letters.telling import describe, print_details

    store = open_store()
    stored = known_letter(store, letter_id)
    try:
        kept = find_original(stored.position)
    except BrokerError as error:
        if save is not None:
            raise
        say(f"Key and headers are not shown: {error}")
        kept = None
    details = describe(stored, kept, find_origin(store, stored.position))
    if save is not None:
        content = original_value(stored, kept)
        try:
            save.write_bytes(content)
        except OSError as error:
            raise WorkspaceError(f"Expected to write {save}. {error.strerror}. Name another file.") from error
        say(f"{len(content)} bytes are in {save}")
    print_json(details) if json else print_details(details)


@dead_letters_app.command()
def replay(
    ids: IdsArgument = None,
    reason: ReasonOption = None,
    stage: StageOption = None,
    camera: CameraOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many, the oldest first.")] = None,
    everything: AllOption = False,
    wait: Annotated[float, typer.Option(min=0, metavar="SECONDS", help="How long to wait for the answers.")] = 60,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be sent.")] = False,
    json: JsonOption = False,
) -> None:
    """Send messages to the worker again, each of them once, and tell what died again."""
    from stream.dead_letters.choosing import build_choice, require_choice
    from stream.dead_letters.records import find_letters
    from stream.dead_letters.replaying import replay_letters
    from stream.dead_letters.telling import print_table, report_dry_run, report_replay, say_report

    choice = build_choice(ids, reason, stage, camera, since, until)
    require_choice(choice, everything)
    store = open_store()
    for position in choice.positions:
        known_letter(store, position.frame_id)
    letters = find_letters(store, choice, newest_first=False)
    if not choice.positions:
        letters = [stored for stored in letters if stored.replayed_at is None]
    letters = letters[:limit]
    if dry_run:
        print_json(report_dry_run(letters)) if json else print_table(letters)
        say(f"{sum(stored.replayed_at is None for stored in letters)} would be sent again")
        return
    bootstrap = resolve_bootstrap() if letters else ""
    report = replay_letters(store, bootstrap, letters, wait_seconds=wait, say=say)
    say_report(report)
    if json:
        print_json(report_replay(report))


@dead_letters_app.command()
def purge(
    ids: IdsArgument = None,
    reason: ReasonOption = None,
    stage: StageOption = None,
    camera: CameraOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    everything: AllOption = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: JsonOption = False,
) -> None:
    """Forget dead letters. With --all their bytes are deleted too; else Kafka deletes those by its retention."""
    from stream.dead_letters.choosing import build_choice, require_choice
    from stream.dead_letters.purging import count_letters, purge_letters

    choice = build_choice(ids, reason, stage, camera, since, until)
    require_choice(choice, everything)
    store = open_store()
    bootstrap = resolve_bootstrap() if everything else None
    count = count_letters(store, choice)
    if not yes:
        confirm(f"{count} dead letters are forgotten" + (", and their topic is emptied" if everything else ""))
    purged = purge_letters(store, choice, bootstrap, say=say)
    say(f"{purged.rows} dead letters forgotten")
    if json:
        print_json({"purged": purged.rows, "deleted_messages": purged.messages})


def open_store() -> "PredictionStore":
    """The store with the tables of this version, when it was ever used."""
    from pipelines.settings import load_settings
    from stream.store import PredictionStore
    from stream.store_engine import has_tables

    store = PredictionStore(load_settings().resolve_database_url())
    if has_tables(store.engine):
        store.migrate()
    return store


def resolve_bootstrap() -> str:
    from pipelines.settings import load_settings
    from stream.commands import known_bootstrap

    return known_bootstrap(load_settings().resolve_kafka_bootstrap())


def known_letter(store: "PredictionStore", letter_id: str) -> "StoredLetter":
    """Raises StoreError for an id that no letter has."""
    from pipelines.errors import StoreError
    from stream.dead_letters.choosing import parse_position
    from stream.dead_letters.records import find_letter

    stored = find_letter(store, parse_position(letter_id))
    if stored is None:
        raise StoreError(f"Expected the id of a dead letter, received {letter_id!r}. See `vigia dead-letters list`.")
    return stored


def find_original(position: "Position") -> "KeptLetter | None":
    """The message on the dead-letter topic, None when it is gone. Raises BrokerError."""
    from stream.dead_letters.topic import find_kept_letter

    return find_kept_letter(resolve_bootstrap(), position)


def original_value(stored: "StoredLetter", kept: "KeptLetter | None") -> bytes:
    """Raises MessageError when the topic does not hold it."""
    from pipelines.errors import MessageError
    from stream.dead_letters.replaying import is_whole

    letter_id = stored.position.frame_id
    if kept is None:
        raise MessageError(f"Expected the bytes of {letter_id} on the dead-letter topic; its retention deleted them.")
    if not is_whole(kept, stored):
        raise MessageError(
            f"Expected the bytes of {letter_id} on the dead-letter topic; it holds their SHA-256 alone, because "
            f"{stored.letter.size_bytes} bytes were too large."
        )
    return kept.value or b""


def confirm(what: str) -> None:
    """Raises typer.Abort on a no, StoreError where nobody can be asked."""
    from pipelines.errors import StoreError

    if not sys.stdin.isatty():
        raise StoreError(f"Expected --yes, because nobody can be asked here whether {what}.")
    typer.confirm(f"{what}. Go on?", abort=True, err=True)
