"""The one OpenVINO core of a process."""

from functools import cache
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import openvino as ov

_LOCK = Lock()


def open_core() -> "ov.Core":
    """The same core each time, never freed.

    A core gives its thread another stack for signals and puts back the one before when it goes. Two that do not end
    in the reverse order leave a stack that is no longer there, and the next signal ends the process with SIGSEGV.
    """
    with _LOCK:
        return _open()


@cache
def _open() -> "ov.Core":
    import openvino as ov

    core = ov.Core()
    # each process would tie its first thread to the same first core: two workers would share it, the other one idle
    core.set_property("CPU", {"ENABLE_CPU_PINNING": False})
    return core
