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
VALUE_KEY: Final = "value"


def run_trial(
    workspace: Path, classifier: str, section: Mapping[str, Any], on_epoch: Callable[[int, float], None]
) -> float:
    """Validation accuracy of the epoch that a training with `section` as the classifier's params keeps.

    `on_epoch` gets each epoch's number and validation accuracy; what it raises ends the training at once. Raises
    TrainingError with the training's own words when it fails.
    """
    command = bind_command(sys.executable, "-m", "pipelines.tuning.trial", classifier, json.dumps(section))
    child = subprocess.Popen(command, cwd=workspace, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    value, failure = None, None
    try:
        for line in child.stdout or ():
            told = json.loads(line)
            failure = told.get(ERROR_KEY)
            if VALUE_KEY in told:
                value = float(told[VALUE_KEY])
            elif failure is None:
                on_epoch(told["epoch"], told["validation_accuracy"])
    finally:
        child.kill()
        child.wait()
        if child.stdout:
            child.stdout.close()
    if failure is not None or value is None:
        raise TrainingError(failure or f"Expected a training of {classifier} to end, it died. Try it by `vigia train`.")
    return value


def train_and_tell(workspace: Path, classifier: str, section: Mapping[str, Any]) -> None:
    """Fit on the train split and tell each epoch as a line of JSON; the test split is never opened.

    What an earlier trial kept, such as activations of a frozen trunk, is used again.
    """
    from pipelines.models import build_network
    from pipelines.settings import load_settings
    from pipelines.training.devices import training_devices
    from pipelines.training.epochs import Epoch, find_kept
    from pipelines.training.plan import decide_plan
    from pipelines.training.situation import read_situation
    from pipelines.training.tails import Bench
    from pipelines.training.training import fit_network

    settings = load_settings()
    prepared = workspace / "data" / "prepared" / classifier
    situation = read_situation(workspace / "data" / "raw" / classifier, prepared, settings.weights_dir)
    plan = decide_plan(ClassifierParams.model_validate(section).train, situation).plan

    def tell(epoch: Epoch) -> None:
        _tell({"epoch": epoch.number, "validation_accuracy": epoch.validation_accuracy})

    with training_devices(plan):
        network = build_network(plan, len(load_class_names(prepared)), settings.weights_dir)
        epochs = fit_network(network, prepared, plan, Bench(settings.state / "cache", None, say), tell)
    _tell({VALUE_KEY: find_kept(epochs, plan).validation_accuracy})


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
