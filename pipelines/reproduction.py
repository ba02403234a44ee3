"""`dvc repro` of one classifier, told line by line."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pipelines.errors import TrainingError
from pipelines.processes import bind_command

LAST_STAGES = ("evaluate", "export")
_CHATTER = (
    "> ",
    "To track the changes with git",
    "git add ",
    "To enable auto staging",
    "dvc config core.autostage",
    "Use `dvc push`",
    "Generating lock file",
    "Updating lock file",
    "\N{RUNNER} View run",
    "\N{TEST TUBE} View experiment",
    "WARNING: All log messages before absl",
    "I0000 ",
)


def reproduce(
    workspace: Path,
    classifier: str,
    on_line: Callable[[str], None],
    stages: Sequence[str] = LAST_STAGES,
    *,
    options: Sequence[str] = (),
    environment: Mapping[str, str] = os.environ,
) -> None:
    """Bring these stages of the classifier, and all before them, up to date; what is unchanged is not run again.

    `options` are those of `dvc repro`.

    Raises TrainingError with the words of the stage that failed, else with DVC's own.
    """
    targets = [f"{stage}@{classifier}" for stage in stages]
    process = subprocess.Popen(
        bind_command(sys.executable, "-m", "dvc", "repro", *options, *targets),
        cwd=workspace,
        env=_build_environment(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    lines: list[str] = []
    try:
        for line in process.stdout or ():
            line = line.strip()
            if line and not is_chatter(line):
                lines.append(line)
                on_line(line)
        failed = process.wait() != 0
    except BaseException:  # Ctrl-C, a time limit: the stages end with it
        process.terminate()
        process.wait()
        raise
    if failed:
        raise TrainingError(explain_failure(classifier, lines))


def is_chatter(line: str) -> bool:
    """DVC's, MLflow's and TensorFlow's advice, which would hide the progress."""
    return line.startswith(_CHATTER) or " INFO mlflow." in line or " WARNING mlflow." in line


def explain_failure(classifier: str, lines: list[str]) -> str:
    """One sentence from what was printed: the stage's error line, else DVC's, else the last line."""
    stage = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    if stage:
        return stage[-1]
    dvc = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    words = "; ".join(dvc) or (lines[-1] if lines else "nothing")
    mend = "Run `dvc repro` for the whole story."
    if "exited with -9" in words:
        mend = (
            "It was killed, by hand or because memory ran out: run again, a training goes on after its last whole "
            "epoch. If memory is short try a smaller train.batch_size."
        )
    elif "lock" in words.lower():
        mend = "Another training or dvc command runs in this workspace: wait for it and run again."
    return f"Expected the stages of {classifier} to succeed, dvc said: {words}. {mend}"


def _build_environment(given: Mapping[str, str]) -> dict[str, str]:
    return dict(given) | {
        "DVC_NO_ANALYTICS": "1",
        "PYTHONUNBUFFERED": "1",
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), given.get("PATH", os.defpath))),
    }
