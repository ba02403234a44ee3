"""One registered version in f32, bf16 and int8, in turns in one process on one thread: its answers and its speed.

`python -m docs.measure_precision cats_dogs [--version N] [--rounds 9]`, in the clone that has the classifier's data;
one JSON document on stdout. Answers are those of whole classifiers: labels, and what counts as unknown.
"""

import argparse
import json
import shutil
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from pipelines.artefact import NETWORK_FILE, Precision, ServingCard
from pipelines.bench.machine import describe_machine
from pipelines.evaluation.versions import choose_version
from pipelines.export.exporting import open_artefact, read_labelled_pixels
from pipelines.export.precision import judge_precision, quantise
from pipelines.inference import Inference, OpenVinoClassifier, load_classifier
from pipelines.openvino_core import open_core
from pipelines.registry import open_registry
from pipelines.settings import find_workspace, load_settings

PRECISIONS: Final[tuple[Precision, ...]] = ("f32", "bf16", "int8")
PICTURES_A_ROUND: Final = 16


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("classifier")
    parser.add_argument("--version", type=int)
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    registry = open_registry(load_settings())
    version = choose_version(registry, given.classifier, given.version)
    with open_artefact(registry, given.classifier, version) as artefact, tempfile.TemporaryDirectory() as folder:
        found = measure(artefact, Path(folder), find_workspace() / "data" / "prepared" / given.classifier, given.rounds)
    machine = describe_machine()
    about = {name: machine[name] for name in ("processor", "cpu_flags", "load_before")}
    print(json.dumps({"classifier": given.classifier, "version": version, **found, "machine": about}, indent=1))


def measure(artefact: Path, folder: Path, prepared: Path, rounds: int) -> dict[str, Any]:
    """Validation answers as the gate judges them, test answers, and CPU-ms a picture."""
    exact = load_classifier(artefact, ServingCard.load(artefact).classifier, 1)
    card = ServingCard.load(artefact)
    splits = {name: read_labelled_pixels(prepared, name, card, exact.preprocessing) for name in ("validation", "test")}
    loaded = {each: lower(artefact, folder / each, each, splits["validation"][0]) for each in PRECISIONS}
    answers = {
        each: {name: ask(model, pixels) for name, (pixels, _) in splits.items()} for each, model in loaded.items()
    }
    speeds = time_in_turns(loaded, splits["test"][0][:PICTURES_A_ROUND], rounds)
    return {
        each: {
            "computed": loaded[each].precision,
            **compare(each, answers["f32"], answers[each], splits),
            "cpu_ms_a_picture": round(statistics.median(speeds[each]), 3),
            "over_f32": round(
                statistics.median(f / own for f, own in zip(speeds["f32"], speeds[each], strict=True)), 3
            ),
            "network_mb": round((folder / each / NETWORK_FILE).with_suffix(".bin").stat().st_size / 1e6, 2),
        }
        for each in PRECISIONS
    }


def lower(artefact: Path, copy: Path, precision: Precision, pixels: Any) -> OpenVinoClassifier:
    """Without the gate: what it would refuse is measured too."""
    import openvino as ov

    shutil.copytree(artefact, copy)
    card = replace(ServingCard.load(artefact), precision=precision)
    card.save(copy)
    if precision == "int8":
        network = quantise(open_core().read_model(artefact / NETWORK_FILE), pixels)
        ov.save_model(network, copy / NETWORK_FILE, compress_to_fp16=False)
    return load_classifier(copy, card.classifier, 1)


def ask(model: OpenVinoClassifier, pixels: Any) -> Inference:
    parts = [model.infer([one]) for one in pixels]
    return Inference(
        np.concatenate([part.probabilities for part in parts]), np.concatenate([part.known for part in parts])
    )


def compare(precision: Precision, exact: dict[str, Inference], lower: dict[str, Inference], splits: Any) -> Any:
    trial = judge_precision(precision, exact["validation"], lower["validation"], splits["validation"][1])
    truth = splits["test"][1]
    before, after = (each["test"].probabilities for each in (exact, lower))
    same = {name: float((exact[name].known == lower[name].known).mean()) for name in splits}
    return {
        "gate": {**trial.metrics(), "reasons": list(trial.reasons)},
        "test": {
            "pictures": len(truth),
            "accuracy": round(float((after.argmax(axis=1) == truth).mean()), 4),
            "top1_agreement": round(float((before.argmax(axis=1) == after.argmax(axis=1)).mean()), 4),
            "max_difference": round(float(np.abs(before - after).max()), 5),
        },
        "same_decision": {name: round(share, 4) for name, share in same.items()},
        "known": {name: round(float(lower[name].known.mean()), 4) for name in splits},
    }


def time_in_turns(
    models: dict[Precision, OpenVinoClassifier], pixels: Any, rounds: int
) -> dict[Precision, list[float]]:
    """Processor milliseconds a picture of each round; one picture at a time, as a worker under light load asks."""
    speeds: dict[Precision, list[float]] = {name: [] for name in models}
    for _ in range(rounds):
        for name, model in models.items():
            model.infer([pixels[0]])
            began = time.process_time()
            for one in pixels:
                model.infer([one])
            speeds[name].append(1000 * (time.process_time() - began) / len(pixels))
    return speeds


if __name__ == "__main__":
    main()
