"""What a server answered, judged before a byte of it is kept."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit

from pipelines.errors import DatasetError

if TYPE_CHECKING:
    from requests import Response, Session

REDIRECTS: Final = 5
_REDIRECTED: Final = (301, 302, 303, 307, 308)
_PASSING: Final = (408, 425, 429, 500, 502, 503, 504)
"""Worth another try after a pause."""
_MENDS: Final = {
    401: "It wants an account: fetch the file by hand and hand it over with --from FILE.",
    403: "It refuses this machine or wants an account: fetch the file by hand and hand it over with --from FILE.",
    404: "The file has moved: look on the dataset's page, then name its new address or a copy with --from.",
    410: "The file is gone: name a copy with --from.",
}


class BrokenOffError(DatasetError):
    """The line or the server failed in a way that often passes."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The head of an answer that can be kept."""

    start: int
    """Of its first byte within the file."""
    total: int | None
    """Bytes of the whole file, where the server says."""
    validator: str | None


@contextmanager
def open_answer(
    session: "Session", address: str, *, offset: int, validator: str | None, timeout: tuple[float, float]
) -> "Iterator[Response]":
    """The answer at the end of all redirects, of any status. Raises DatasetError where a redirect leads astray."""
    headers = {"Accept-Encoding": "identity"}
    if offset and validator:
        headers |= {"Range": f"bytes={offset}-", "If-Range": validator}
    asked = address
    for _ in range(REDIRECTS + 1):
        with session.get(asked, headers=headers, stream=True, timeout=timeout, allow_redirects=False) as response:
            if response.status_code not in _REDIRECTED:
                # an archive is sometimes labelled as gzip-encoded; then it would be unpacked on the way
                response.raw.headers.pop("Content-Encoding", None)
                yield response
                return
            asked = follow_redirect(asked, response.headers.get("Location"))
    raise DatasetError(f"Expected at most {REDIRECTS} redirects from {address}, received more. Check the address.")


def follow_redirect(address: str, location: str | None) -> str:
    """The next address. Raises DatasetError for one that is none, or that would leave encryption behind."""
    target = urljoin(address, location or "")
    before, after = urlsplit(address), urlsplit(target)
    if not location or after.scheme not in ("http", "https"):
        raise DatasetError(f"Expected {address} to redirect to http or https, received {location!r}. Try --from.")
    if before.scheme == "https" and after.scheme == "http":
        raise DatasetError(
            f"Expected {address} to stay encrypted, it redirects to {target}. Nothing was fetched. If you trust that "
            f"address, name it with --from."
        )
    return target


def judge_answer(response: "Response", *, offset: int) -> Answer:
    """Where its bytes belong. Raises BrokenOffError for a failure that may pass, DatasetError for one that will not."""
    status, headers = response.status_code, response.headers
    if status == 206:
        return Answer(offset, parse_content_range(response)[1], _find_validator(response))
    if status == 200:
        length = headers.get("Content-Length", "")
        return Answer(0, int(length) if length.isdecimal() else None, _find_validator(response))
    if status in _PASSING:
        raise BrokenOffError(f"Expected a file from {response.url}, received status {status}. Try again later.")
    mend = _MENDS.get(status, "Check the address, or name a copy with --from.")
    raise DatasetError(f"Expected a file at {response.url}, received status {status} {response.reason}. {mend}")


def _find_validator(response: "Response") -> str | None:
    etag = response.headers.get("ETag")
    # a weak tag promises the same meaning, not the same bytes
    return etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified")


def parse_content_range(response: "Response") -> tuple[int | None, int | None]:
    """First byte of a part and bytes of the whole; None for what the server does not say."""
    value = response.headers.get("Content-Range", "")
    match = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", value)
    if match is None:
        return None, None
    return int(match[1]) if match[1] else None, int(match[2]) if match[2].isdecimal() else None
