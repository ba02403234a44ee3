"""Child processes that must not outlive the one that started them."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with_parent(signal_number: int = signal.SIGTERM) -> None:
    """Ask Linux to send this process a signal when its parent dies; nothing happens elsewhere (prctl(2)).

    The request survives exec. Linux counts the thread that started this process as its parent.
    """
    if not sys.platform.startswith("linux"):
        return
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal_number)
    if os.getppid() != parent:  # it died before the request
        os.kill(os.getpid(), signal_number)


def bind_command(*command: str) -> list[str]:
    """The same command as a child that ends with the process that starts it."""
    return [sys.executable, "-m", "pipelines.processes", *command]


if __name__ == "__main__":
    die_with_parent()
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - no shell wanted
