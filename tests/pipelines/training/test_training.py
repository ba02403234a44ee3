"""What params.yaml ships, on photographs: held-out accuracy as far as a small held-out part can tell."""

import hashlib
import json
import time
from pathlib import Path
from typing import Any

import pytest

from pipelines.datasets.shards import PreparedPicture, write_split
from pipelines.datasets.splits import SPLITS, Split, hash_position
from pipelines.training.params import TrainParams
from pipelines.training.plan import decide_plan
from pipelines.training.situation import read_situation
from tests.realdata import find_real_pictures

pytestmark = [pytest.mark.realdata, pytest.mark.integration, pytest.mark.timeout(1800)]

TEST, VALIDATION = 0.15, 0.1
"""Shares of the photographs."""
CPU_SECONDS = 1500
"""Four minutes on two quiet cores are 480; a busy or older machine takes three times as long."""


def prepare(photographs: Path, prepared: Path) -> Path:
    """Class folders into shards; a photograph's own bytes say its split."""
    files = sorted(file for file in photographs.rglob("*") if file.suffix.lower() in (".jpg", ".jpeg", ".png"))
    names = sorted({file.parent.name for file in files})
    parts: dict[Split, list[PreparedPicture]] = {split: [] for split in SPLITS}
    for file in files:
        encoded = file.read_bytes()
        digest = hashlib.sha256(encoded).hexdigest()
        place = hash_position(digest)
        split: Split = "test" if place < TEST else "validation" if place < TEST + VALIDATION else "train"
        parts[split].append(PreparedPicture(file.name, digest, names.index(file.parent.name), encoded))
    prepared.mkdir()
    for split, pictures in parts.items():
        write_split(prepared, split, pictures, len(pictures), 512)
    (prepared / "class_names.json").write_text(json.dumps(names), encoding="utf-8")
    return prepared


@pytest.mark.parametrize(
    ("classifier", "least"),
    # below the figures of docs/classifiers/ by two standard errors of so few held-out pictures; the others take longer,
    # `python -m docs.measure_training` trains them all
    [("cars", 0.88)],
)
def test_photographs_are_learned_well_in_minutes(classifier: str, least: float, tmp_path: Path) -> None:
    from pipelines.models import build_network
    from pipelines.training.devices import training_devices
    from pipelines.training.pictures import load_pictures
    from pipelines.training.tails import Bench
    from pipelines.training.training import fit_network

    weights = find_real_pictures("weights")
    prepared = prepare(find_real_pictures(f"data/{classifier}/train"), tmp_path / "prepared")
    plan = decide_plan(TrainParams(), read_situation(tmp_path, prepared, weights)).plan
    names = json.loads((prepared / "class_names.json").read_text(encoding="utf-8"))
    began = time.process_time()

    with training_devices(plan):
        network = build_network(plan, len(names), weights)
        fit_network(network, prepared, plan, Bench(tmp_path / "cache", None, print), print)

    spent = time.process_time() - began
    test = load_pictures(prepared, "test", network.preprocessing)
    model: Any = network.model
    accuracy = float((model.predict(test.images, verbose=0).argmax(axis=1) == test.labels).mean())
    print(f"{classifier}: {accuracy:.4f} of {len(test.labels)}, {spent:.0f} CPU-seconds")
    assert accuracy >= least
    assert spent < CPU_SECONDS
