"""One file over HTTP, however often the line breaks: what has come is kept, and only the rest is asked for again."""

import hashlib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipelines.datasets.downloads.answers import (
    Answer,
    BrokenOffError,
    judge_answer,
    open_answer,
    parse_content_range,
)
from pipelines.datasets.downloads.partial import Origin, PartialFile
from pipelines.datasets.downloads.source import RemoteFile
from pipelines.datasets.staging import check_free_space
from pipelines.errors import DatasetError

if TYPE_CHECKING:
    from requests import Response, Session

_CHUNK_BYTES: Final = 1 << 16

Show = Callable[[int, int | None], None]
"""Told the bytes so far and the whole, where that is known."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a server may keep us waiting."""

    connect_seconds: float = 10.0
    read_seconds: float = 30.0
    """Between two pieces of an answer."""
    attempts: int = 5
    """In a row that bring nothing; each that brings something starts the count anew."""


PATIENCE: Final = Patience()


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """A whole file on this disk."""

    name: str
    size_bytes: int
    sha256: str
    verified: bool
    """False: no digest was published that it could be compared with."""


def fetch_file(file: RemoteFile, folder: Path, show: Show, patience: Patience = PATIENCE) -> FetchedFile:
    """The file in `folder`, whole and compared with its digest; what lay there whole already is not fetched again.

    Raises DatasetError when no address gives it, or when what came is another file: that is set aside as NAME.wrong.
    """
    import requests

    whole = folder / file.name
    refusals: list[str] = []
    with requests.Session() as session:
        for address in () if whole.is_file() else file.addresses:
            try:
                _fetch_patiently(session, file, address, PartialFile(whole), show, patience)
                break
            except DatasetError as error:
                refusals.append(str(error))
    if not whole.is_file():
        raise DatasetError(" Then: ".join(refusals) or f"Expected an address for {file.name}, there is none.")
    return verify_file(file, whole)


def verify_file(file: RemoteFile, path: Path, *, set_aside: bool = True) -> FetchedFile:
    """Raises DatasetError for another content than the published one, which is renamed to NAME.wrong first."""
    sha256 = _digest(path, "sha256")
    wanted, received = (file.sha256, sha256) if file.sha256 else (file.md5, _digest(path, "md5") if file.md5 else None)
    if wanted != received:
        kind = "SHA-256" if file.sha256 else "MD5"
        moved = path
        if set_aside:
            moved = path.with_name(f"{path.name}.wrong")
            os.replace(path, moved)
        raise DatasetError(
            f"Expected {file.name} with {kind} {wanted}, received {received}. "
            + (
                f"It was set aside as {moved}; run again to fetch it anew."
                if set_aside
                else "It is another file; check --from."
            )
        )
    return FetchedFile(file.name, path.stat().st_size, sha256, verified=file.has_digest)


def _fetch_patiently(
    session: "Session", file: RemoteFile, address: str, partial: PartialFile, show: Show, patience: Patience
) -> None:
    """Try again after pauses for as long as each round of attempts brings something."""
    import stamina

    while True:
        before = partial.size
        try:
            for attempt in stamina.retry_context(on=BrokenOffError, attempts=patience.attempts, timeout=None):
                with attempt:
                    _continue(session, file, address, partial, show, patience)
            return
        except BrokenOffError as error:
            if partial.size <= before:
                raise DatasetError(f"{error} {_say_kept(partial)}") from error


def _continue(
    session: "Session", file: RemoteFile, address: str, partial: PartialFile, show: Show, patience: Patience
) -> None:
    """One request, from where the last one broke off if the server can do that, else from the beginning."""
    from requests.exceptions import ConnectTimeout, InvalidURL, MissingSchema, RequestException, SSLError

    origin = partial.find_origin(address)
    offset = partial.size if origin and origin.validator else 0
    try:
        timeout = (patience.connect_seconds, patience.read_seconds)
        validator = origin.validator if origin else None
        with open_answer(session, address, offset=offset, validator=validator, timeout=timeout) as response:
            if not _is_complete(response, partial, offset):
                answer = judge_answer(response, offset=offset)
                _check_answer(file, response, answer, partial.whole.parent)
                if answer.start == 0:
                    partial.begin(Origin(address, answer.validator))
                total = answer.total or (file.size_bytes if file.has_digest else None)
                _receive(response.iter_content(_CHUNK_BYTES), partial, answer.start, total, show)
    except (ConnectTimeout, SSLError, InvalidURL, MissingSchema) as error:
        raise DatasetError(f"Expected {address} to answer. {_first_words(error)}. Check the address.") from error
    except RequestException as error:
        raise BrokenOffError(f"Expected {file.name} from {address}, the line broke: {_first_words(error)}.") from error
    partial.complete()


def _receive(chunks: Iterable[bytes], partial: PartialFile, start: int, total: int | None, show: Show) -> None:
    done = start
    show(done, total)
    with partial.path.open("r+b") as stream:
        stream.seek(start)
        for chunk in chunks:
            stream.write(chunk)
            done += len(chunk)
            show(done, total)
    if total is not None and done != total:
        raise BrokenOffError(f"Expected {total:,} bytes, the server ended after {done:,}.")


def _is_complete(response: "Response", partial: PartialFile, offset: int) -> bool:
    """Whether nothing is left to fetch; a rest that does not fit what is there already makes it begin anew."""
    start, total = parse_content_range(response)
    if response.status_code == 416 and offset and total == offset:
        return True
    if response.status_code == 416 or (response.status_code == 206 and start != offset):
        partial.drop()
        raise BrokenOffError(f"Expected the rest from byte {offset} on, {response.url} offers another part.")
    return False


def _check_answer(file: RemoteFile, response: "Response", answer: Answer, folder: Path) -> None:
    """Before a byte of it is kept: the announced size, a page instead of a file, and room for the rest."""
    announced = answer.total
    if file.has_digest and file.size_bytes and announced and announced != file.size_bytes:
        raise DatasetError(
            f"Expected {file.size_bytes:,} bytes of {file.name}, {response.url} announces {announced:,}. It is another "
            f"file; name a copy with --from."
        )
    if response.headers.get("Content-Type", "").startswith("text/html"):
        raise DatasetError(
            f"Expected {file.name}, {response.url} answers with a web page. Open it, fetch the file by hand and "
            f"hand it over with --from FILE."
        )
    if announced:
        check_free_space(folder, announced - answer.start)


def _say_kept(partial: PartialFile) -> str:
    return f"{partial.size:,} bytes are kept; the same command continues." if partial.size else "Run again later."


def _digest(path: Path, kind: str) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, kind).hexdigest()


def _first_words(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
