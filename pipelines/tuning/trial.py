"""One trial: a training in a process of its own that tells every epoch on stdout, and touches no output of DVC."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from pipelines.datasets.shards import load_class_names
from pipelines.errors import TrainingError, VigiaError
from pipelines.processes import bind_command
from pipelines.stage_params import ClassifierParams
from pipelines.terminal import say

ERROR_KEY: Final = "error"


def run_trial(
    workspace: Path, classifier: str, section: Mapping[str, Any], on_epoch: Callable[[int, float], None]
) -> float:
    """Best validation accuracy of a training with `section` as the classifier's params.

    `on_epoch` gets each epoch's number and validation accuracy; what it raises ends the training at once. Raises
    TrainingError with the training's own words when it fails.
    """
    command = bind_command(sys.executable, "-m", "pipelines.tuning.trial", classifier, json.dumps(section))
    child = subprocess.Popen(command, cwd=workspace, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    best, failure = 0.0, None
    try:
        for line in child.stdout or ():
            told = json.loads(line)
            failure = told.get(ERROR_KEY)
            if failure is None:
                best = max(best, told["validation_accuracy"])
                on_epoch(told["epoch"], told["validation_accuracy"])
    finally:
        child.kill()
        child.wait()
        if child.stdout:
            child.stdout.close()
    if failure is not None or best == 0:
        raise TrainingError(failure or f"Expected a training of {classifier} to end, it died. Try it by `vigia train`.")
    return best


def train_and_tell(workspace: Path, classifier: str, section: Mapping[str, Any]) -> None:
    """Fit on the train split and tell each epoch as a line of JSON; the test split is never opened."""
    from pipelines.models import build_network
    from pipelines.settings import load_settings
    from pipelines.training import Epoch, fit, load_pictures

    params = ClassifierParams.model_validate(section).train
    prepared = workspace / "data" / "prepared" / classifier
    network = build_network(params, len(load_class_names(prepared)), load_settings().weights_dir)
    train = load_pictures(prepared, "train", params.image_size)
    validation = load_pictures(prepared, "validation", params.image_size)

    def tell(epoch: Epoch) -> None:
        _tell({"epoch": epoch.number, "validation_accuracy": epoch.validation_accuracy})

    fit(network, train, validation, params, tell)


def _tell(told: Mapping[str, Any]) -> None:
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        train_and_tell(Path.cwd(), sys.argv[1], json.loads(sys.argv[2]))
    except VigiaError as error:
        _tell({ERROR_KEY: str(error)})
        say(str(error))
        sys.exit(1)
