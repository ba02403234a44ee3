"""`vigia dead-letters`: messages that could not be used."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.terminal import JsonOption, print_json, say

if TYPE_CHECKING:
    from stream.messages import DeadLetter, Position

dead_letters_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Messages that could not be used.")


@dead_letters_app.command("list")
def list_dead_letters(
    limit: Annotated[int, typer.Option(min=1, help="How many, the newest first.")] = 100, json: JsonOption = False
) -> None:
    """The newest dead letters, each with its reason."""
    from pipelines.settings import load_settings
    from stream.store import PredictionStore

    letters = PredictionStore(load_settings().resolve_database_url()).read_dead_letters(limit)
    if json:
        print_json([_summary(letter) for letter in letters])
        return
    if not letters:
        say("No dead letters: every message could be used.")
    for letter in letters:
        moment = letter.created_at.isoformat(timespec="seconds")
        print(f"{letter.position.frame_id:32} {moment}  {letter.stage:7} {letter.reason:20} {letter.camera_id or '-'}")


@dead_letters_app.command()
def show(
    letter_id: Annotated[str, typer.Argument(metavar="ID", help="As `list` shows it.")], json: JsonOption = False
) -> None:
    """One dead letter with the whole sentence of its error."""
    from pipelines.errors import StoreError
    from pipelines.settings import load_settings
    from stream.store import PredictionStore

    store = PredictionStore(load_settings().resolve_database_url())
    letter = store.find_dead_letter(_position(letter_id))
    if letter is None:
        raise StoreError(f"Expected the id of a dead letter, received {letter_id!r}. See `vigia dead-letters list`.")
    details = {**_summary(letter), "message": letter.message, "sha256": letter.sha256}
    if json:
        print_json(details)
        return
    for name, value in details.items():
        print(f"{name:12} {value}")


def _summary(letter: "DeadLetter") -> dict[str, Any]:
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
    }


def _position(letter_id: str) -> "Position":
    from pipelines.errors import StoreError
    from stream.messages import Position

    try:
        topic, partition, offset = letter_id.rsplit("-", 2)
        return Position(topic, int(partition), int(offset))
    except ValueError:
        raise StoreError(f"Expected an id such as topic-0-17, received {letter_id!r}.") from None
