"""Where a foreign model is opened: a child with a clean environment, an empty folder, and a deadline."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from pipelines.errors import ModelError
from pipelines.own_models.draft import Draft
from pipelines.own_models.reading import REFUSAL_FILE, REFUSED

DEADLINE_SECONDS: Final = 600
_CODE: Final = Path(__file__).parents[2]
_LOG: Final = "child.log"


def open_in_child(file: Path, folder: Path, class_count: int, image_size: int | None) -> Draft:
    """Read `file` in a child; `folder`, which must be empty, holds the network afterwards.

    Raises ModelError with the child's reason, or with how it ended.
    """
    copy = folder / f"model{file.suffix.lower()}"
    shutil.copyfile(file, copy)
    run_child(
        "pipelines.own_models.reading",
        folder,
        {"file": copy.name, "class_count": class_count, "image_size": image_size},
    )
    return Draft.load(folder)


def run_child(
    module: str, folder: Path, options: dict[str, Any], *, deadline_seconds: float | None = None, niceness: int = 0
) -> None:
    """`python -m MODULE FOLDER OPTIONS` with `folder` as its working, home and temporary folder.

    `niceness` is how much it stands back behind this process.

    Raises ModelError with the child's reason, or with how it ended.
    """
    seconds = DEADLINE_SECONDS if deadline_seconds is None else deadline_seconds
    command = [sys.executable, "-P", "-m", module, str(folder), json.dumps(options)]
    with (folder / _LOG).open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=_environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            if niceness:  # its threads, which it starts later, inherit it
                os.setpriority(os.PRIO_PROCESS, process.pid, os.getpriority(os.PRIO_PROCESS, 0) + niceness)
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise ModelError(
                f"Expected a model that opens within {seconds:g} s, this one does not. Use a smaller one."
            ) from None
        finally:
            if process.poll() is None:  # the deadline, or Ctrl-C
                process.kill()
                process.wait()
    if status:
        raise ModelError(_explain(status, folder))


def _environment(folder: Path) -> dict[str, str]:
    """Nothing of the user's but where the code is: no tokens, no proxies, no addresses of services."""
    kept = {name: os.environ[name] for name in ("LANG", "VIGIA_DEBUG") if name in os.environ}
    return {
        **kept,
        "PATH": os.defpath,
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "KERAS_HOME": str(folder),
        "MPLCONFIGDIR": str(folder),
        "PYTHONPATH": str(_CODE),
        "PYTHONDONTWRITEBYTECODE": "1",
        "KERAS_BACKEND": "tensorflow",
        "CUDA_VISIBLE_DEVICES": "",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }


def _explain(status: int, folder: Path) -> str:
    if status == REFUSED and (folder / REFUSAL_FILE).is_file():
        return (folder / REFUSAL_FILE).read_text(encoding="utf-8")
    if status == -signal.SIGXCPU:
        return "Expected a model that opens within its share of processor time, this one does not. Use a smaller one."
    if status < 0:
        name = signal.Signals(-status).name
        return f"Expected a model that opens, what reads it died of {name}: the file is broken or made to do that."
    last = (folder / _LOG).read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
    return f"Expected a model that opens, what reads it ended with status {status}: {' '.join(last)[:300]}"
