"""Run as a child: does what a model that got its code to run would do."""

import os
import pickle
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from pipelines.own_models import guard
from pipelines.own_models.reading import run_in_walls


def _harm(folder: Path, options: dict[str, Any]) -> None:
    canary = options["canary"]
    match options["harm"]:
        case "memory":
            bytearray(guard.MEMORY_BYTES)
        case "crash":
            os.kill(os.getpid(), 11)
        case "large_file":
            with (folder / "large").open("wb") as stream:
                stream.truncate(guard.FILE_BYTES + 1)
        case "descriptors":
            [os.open(os.devnull, os.O_RDONLY) for _ in range(guard.OPEN_FILES)]
        case "system":
            os.system(f"echo dead > {canary}")  # noqa: S605 - it must not run
        case "process":
            subprocess.run([sys.executable, "-c", f"open({canary!r}, 'w')"], check=True)
        case "network":
            socket.create_connection(("127.0.0.1", 9), timeout=1)
        case "write":
            Path(canary).write_text("dead")
        case "remove":
            os.remove(canary)
        case "unpickle":
            pickle.loads(b"cos\nsystem\n(S'true'\ntR.")  # noqa: S301 - it must not run
        case "nothing":
            (folder / "niceness").write_text(str(os.getpriority(os.PRIO_PROCESS, 0)))
        case "wait":
            import threading

            threading.Event().wait()


if __name__ == "__main__":
    run_in_walls(_harm)
