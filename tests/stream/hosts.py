"""Network namespaces as hosts: a hub with a bridge, and hosts that are plugged into it. Needs root on Linux.

Everything lies in namespaces that are made here; the machine's own network is not touched.
"""

import contextlib
import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

CLONE_NEWNET = 0x40000000
NETWORK = "10.77.0"
HUB_ADDRESS = f"{NETWORK}.1"
_LIBC = ctypes.CDLL(None, use_errno=True)


def why_not() -> str | None:
    """One line for a skip; None when namespaces can be made here."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return "network namespaces need root and the program `ip`"
    probe = f"vigia-{os.getpid()}-probe"
    made = subprocess.run(["ip", "netns", "add", probe], capture_output=True, check=False)
    if made.returncode:
        return "network namespaces cannot be made here"
    _ip("netns", "delete", probe)
    return None


class Hosts:
    """`hub` and hosts `host-1`, `host-2`, ... on one bridge; gone again afterwards."""

    def __init__(self, count: int) -> None:
        self.names = tuple(f"host-{number}" for number in range(1, count + 1))

    def __enter__(self) -> Self:
        try:
            self._make()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._remove()

    @contextmanager
    def inside(self, name: str) -> Iterator[None]:
        """This thread, and processes that it starts, are on that host."""
        with open("/proc/thread-self/ns/net") as before, _namespace_file(name).open() as there:
            _enter(there.fileno())
            try:
                yield
            finally:
                _enter(before.fileno())

    def unplug(self, name: str) -> None:
        """The host is gone without a word: its packets are dropped, its processes live."""
        _ip("-n", _namespace("hub"), "link", "set", _plug(name), "down")

    def plug_in(self, name: str) -> None:
        _ip("-n", _namespace("hub"), "link", "set", _plug(name), "up")

    def _make(self) -> None:
        for name in ("hub", *self.names):
            _ip("netns", "add", _namespace(name))
            _ip("-n", _namespace(name), "link", "set", "lo", "up")
        hub = _namespace("hub")
        _ip("-n", hub, "link", "add", "bridge", "type", "bridge")
        _ip("-n", hub, "addr", "add", f"{HUB_ADDRESS}/24", "dev", "bridge")
        _ip("-n", hub, "link", "set", "bridge", "up")
        for number, name in enumerate(self.names, start=11):
            host = _namespace(name)
            _ip("-n", hub, "link", "add", _plug(name), "type", "veth", "peer", "name", "eth0", "netns", host)
            _ip("-n", hub, "link", "set", _plug(name), "master", "bridge", "up")
            _ip("-n", host, "addr", "add", f"{NETWORK}.{number}/24", "dev", "eth0")
            _ip("-n", host, "link", "set", "eth0", "up")

    def _remove(self) -> None:
        for name in ("hub", *self.names):
            with contextlib.suppress(subprocess.CalledProcessError):
                _ip("netns", "delete", _namespace(name))


def _namespace(name: str) -> str:
    return f"vigia-{os.getpid()}-{name}"


def _namespace_file(name: str) -> Path:
    return Path("/run/netns") / _namespace(name)


def _plug(name: str) -> str:
    return f"to-{name}"


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def _enter(descriptor: int) -> None:
    if _LIBC.setns(descriptor, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")
