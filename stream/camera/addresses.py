"""A camera's source as it is written: its kind, the secrets it takes from the environment, and itself without them."""

import os
import re
from collections.abc import Mapping
from typing import Final, Literal
from urllib.parse import quote

from pipelines.classifying.sources import VIDEO_SUFFIXES
from pipelines.errors import CameraError

SourceKind = Literal["folder", "video", "webcam", "rtsp", "http", "push"]

PUSH: Final = "push"
"""Source of a camera that sends its pictures to us."""

HIDDEN: Final = "***"
KINDS_OF_SCHEMES: Final[Mapping[str, SourceKind]] = {"rtsp": "rtsp", "rtsps": "rtsp", "http": "http", "https": "http"}
HARMLESS_QUERY_KEYS: Final = frozenset(
    {"camera", "channel", "fps", "height", "profile", "resolution", "stream", "subtype", "width"}
)
"""Of these a number or size is shown; every other value is hidden: makers spell `password` in too many ways."""

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_SIZE: Final = re.compile(r"\d{1,4}(x\d{1,4})?")
_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def recognise_kind(source: str) -> SourceKind:
    """What a source with its secrets filled in is. Raises CameraError for an address of another scheme."""
    if scheme := _SCHEME.match(source):
        name = scheme[1].lower()
        if name not in KINDS_OF_SCHEMES:
            raise CameraError(
                f"Expected an address that begins with {', '.join(f'{each}://' for each in KINDS_OF_SCHEMES)}, "
                f"received {name}://. Correct the source."
            )
        return KINDS_OF_SCHEMES[name]
    if source == PUSH:
        return "push"
    if source.isdecimal() or source.startswith("/dev/video"):
        return "webcam"
    return "video" if source.lower().endswith(tuple(VIDEO_SUFFIXES)) else "folder"


def is_live(kind: SourceKind) -> bool:
    """Whether the world goes on while nobody reads."""
    return kind in ("webcam", "rtsp", "http", "push")


def fill_in_secrets(source: str, environment: Mapping[str, str] | None = None) -> str:
    """`${NAME}` becomes the variable's value, quoted where it stands before an address's `@`.

    Raises CameraError naming a variable that is not set. The outcome is for opening alone, never for showing.
    """
    values = os.environ if environment is None else environment

    def value(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise CameraError(
                f"Expected the environment variable {match[1]}, which the source names, found none. "
                "Set it where the cameras run."
            )
        is_in_authority = "@" in source[match.end() :] and "://" in source[: match.start()]
        # a password may hold @ or /, which would end this part of the address
        return quote(values[match[1]], safe=":") if is_in_authority else values[match[1]]

    return _VARIABLE.sub(value, source)


def redact(source: str) -> str:
    """A source as it may be shown: without user, password, and values of the query that could be a secret.

    Rather too much is hidden than too little: in what is no address too, for it may be one with a typing error.
    """
    scheme = _SCHEME.match(source)
    start = scheme[0] if scheme else ""
    rest = source.removeprefix(start)
    before, at, after = rest.rpartition("@")
    if at and "?" in before:
        return start + HIDDEN  # a password with a question mark, or a query with an @: where it ends nobody knows
    if at and (scheme or ":" in before):
        rest = f"{HIDDEN}@{after}"  # up to the last one, for a password may hold @ and /
    if not scheme:
        return rest
    place, mark, query = rest.partition("?")
    place = place.partition("#")[0]
    return start + place + mark + "&".join(_redact_field(field) for field in re.split("[&;]", query) if field)


def _redact_field(field: str) -> str:
    name, is_set, value = field.partition("#")[0].partition("=")
    if not is_set:
        return HIDDEN
    return field if name.lower() in HARMLESS_QUERY_KEYS and _SIZE.fullmatch(value) else f"{name}={HIDDEN}"
