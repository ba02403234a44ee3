"""`vigia data download`."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.terminal import JsonOption, print_json, say

if TYPE_CHECKING:
    from stamina.instrumentation import RetryDetails

    from pipelines.datasets.downloads.source import Source


def download(
    name: Annotated[str | None, typer.Argument(help="Of a public dataset; --list names them.")] = None,
    into: Annotated[Path | None, typer.Option(help="Folder for its folder; else downloads below VIGIA_HOME.")] = None,
    given: Annotated[
        str | None,
        typer.Option("--from", help="A copy instead of its own addresses: archive or folder, here or http(s)."),
    ] = None,
    show_list: Annotated[bool, typer.Option("--list", help="Say what there is, its size and its terms.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Fetch a public dataset, whole and unpacked; broken off, the same command continues."""
    from pipelines.datasets.downloads.sources import SOURCES, find_source

    if show_list:
        list_sources([find_source(name)] if name else SOURCES, as_json=as_json)
    elif name is None:
        raise typer.BadParameter("Name a dataset, or ask for --list.")
    else:
        fetch_source(find_source(name), into, given, as_json=as_json)


def fetch_source(source: "Source", into: Path | None, given: str | None, *, as_json: bool) -> None:
    """Fetch, and say what to type next; where that fails, what can be done by hand."""
    from stamina.instrumentation import set_on_retry_hooks

    from pipelines.datasets.downloads.downloading import download_source
    from pipelines.errors import DatasetError
    from pipelines.settings import load_settings

    set_on_retry_hooks([say_retry])  # by default they print, and stdout belongs to the JSON document
    into = into or load_settings().state / "downloads"
    say(f"{source.title}\nlicence: {source.licence}\nfor: {source.users}\ncite: {source.citation}")
    try:
        done = download_source(source, into, say, given=given)
    except KeyboardInterrupt:
        say("\nstopped; what has come is kept, the same command continues")
        raise
    except DatasetError:
        for number, step in enumerate(source.steps, 1):
            say(f"{number}. {step}")
        raise
    path = Path(done.path)
    if as_json:
        print_json({**asdict(done), "next": source.say_next(path), "licence": source.licence})
        return
    say("nothing to do: it is there already" if done.unchanged else f"{done.pieces:,} files")
    say(f"{path}\nnext: {source.say_next(path)}")


def list_sources(sources: "tuple[Source, ...] | list[Source]", *, as_json: bool) -> None:
    """What is known of each."""
    if as_json:
        print_json([asdict(source) for source in sources])
        return
    for source in sources:
        print(f"{source.name}: {source.title}")
        print(f"    {source.say_size()} · licence: {source.licence} · for: {source.users}")
        print(f"    {source.home}")
        for number, step in enumerate(source.steps if len(sources) == 1 else (), 1):
            print(f"    {number}. {step}")


def say_retry(details: "RetryDetails") -> None:
    """One line a pause."""
    say(f"\n{details.caused_by} Again in {details.wait_for:.1f} s.")
