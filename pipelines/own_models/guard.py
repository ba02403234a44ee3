"""The walls around the child that opens a foreign model: limits of the system, and a Python that starts nothing.

The checks before are what keeps code out; these are for the day on which they miss something. They stop what ordinary
Python does: native code, and whoever knows this page, could still read and write what the user can.
"""

import os
import resource
import sys
from pathlib import Path
from typing import Any, Final

MEMORY_BYTES: Final = (8 << 30) + (256 << 20) * (os.cpu_count() or 1)
"""Of addresses: TensorFlow with a MobileNet takes 3 GB of them, and more with every thread."""
CPU_SECONDS: Final = 600
FILE_BYTES: Final = 2 << 30
OPEN_FILES: Final = 1024

_STARTS: Final = (
    "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system", "pty.spawn", "subprocess.Popen"
)  # fmt: skip
_NETWORK: Final = ("socket.bind", "socket.connect", "socket.getaddrinfo", "socket.sendto")
_CHANGES: Final = (
    "os.chmod", "os.chown", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink", "os.truncate"
)  # fmt: skip
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def limit_resources() -> None:
    """Memory, processor time, size and number of files of this process, from now on."""
    for kind, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
    ):
        _, hard = resource.getrlimit(kind)
        # a little above: at the hard limit of processor time the system kills without saying why
        bound = most + 10 if hard == resource.RLIM_INFINITY else min(most + 10, hard)
        resource.setrlimit(kind, (min(most, bound), bound))


def forbid_side_effects(folder: Path) -> None:
    """From now on this Python starts no process, opens no connection, unpickles no object and writes only in `folder`.

    It cannot be taken back (`sys.addaudithook`); a forbidden call raises PermissionError.
    """
    allowed = (f"{folder.resolve()}{os.sep}", os.devnull)

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _STARTS or event in _NETWORK or event == "pickle.find_class":
            raise PermissionError(f"a model may not do {event} {arguments!r:.80}")
        if event in _CHANGES and not all(_lies_within(each, allowed) for each in arguments if _is_path(each)):
            raise PermissionError(f"a model may not do {event} {arguments!r:.80}")
        if event == "open" and _opens_for_writing(arguments) and not _lies_within(arguments[0], allowed):
            raise PermissionError(f"a model may not write {arguments[0]!r:.80}")

    sys.addaudithook(refuse)


def _opens_for_writing(arguments: tuple[Any, ...]) -> bool:
    _, mode, flags = arguments
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return bool((flags or 0) & _WRITING)


def _is_path(argument: Any) -> bool:
    return isinstance(argument, str | bytes | os.PathLike)


def _lies_within(path: Any, allowed: tuple[str, str]) -> bool:
    if isinstance(path, int):
        return True  # a descriptor that somebody was allowed to open
    return os.path.realpath(os.fsdecode(path)).startswith(allowed)
