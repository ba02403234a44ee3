"""The main job on photographs: imported, learned from, and classified live on ones that were kept out."""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from tests.place import Place
from tests.realdata import find_real_pictures
from tests.waiting import wait_until

pytestmark = [pytest.mark.realdata, pytest.mark.integration, pytest.mark.timeout(900)]

LEARNED, KEPT_OUT = 300, 30
"""Photographs of each class."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    photographs = find_real_pictures("data/cats_dogs/train")
    folder = tmp_path_factory.mktemp("photographs")
    place = Place(folder)
    place.environment["VIGIA_WEIGHTS_DIR"] = str(find_real_pictures("weights"))
    place.commit()
    for kind in ("cats", "dogs"):
        files = sorted((photographs / kind).iterdir())
        copy(islice(files, LEARNED), folder / "learned" / kind)
        copy(islice(files, LEARNED, LEARNED + KEPT_OUT), folder / "kept_out" / kind)
    imported = place.run("data", "import", str(folder / "learned"), "--classifier", "cats_dogs")
    assert imported.returncode == 0, imported.stderr
    yield place
    place.run("down")


def copy(files: Iterator[Path], folder: Path) -> None:
    folder.mkdir(parents=True)
    for file in files:
        shutil.copy(file, folder)


def test_photographs_become_a_model_that_answers_on_photographs_it_never_saw(place: Place) -> None:
    # the last layer alone: what is tested is the way to the page, docs/training.md has the figures of whole trainings
    trained = place.run("train", "cats_dogs", "--set", "train.finetune=head", "--json")
    assert trained.returncode == 0, trained.stderr
    outcome = json.loads(trained.stdout)
    assert outcome["promoted"]
    assert outcome["metrics"]["accuracy"] > 0.93

    up = place.run("up", "--detach")
    assert up.returncode == 0, up.stderr
    since = datetime.now(UTC).isoformat()
    camera = {"source": str(place.workspace.parent / "kept_out"), "rate": 20, "loop": False}
    (place.workspace / "door.yaml").write_text(json.dumps({"cameras": {"door": camera}}), encoding="utf-8")
    played = place.run("cameras", "--file", "door.yaml", "--once", "--json")
    assert json.loads(played.stdout)["sent"] == 2 * KEPT_OUT

    def answered() -> dict[str, Any] | None:
        words = ("--classifier", "cats_dogs", "--since", since, "--json")
        report: dict[str, Any] = json.loads(place.run("camera", "report", "door", *words).stdout)
        return report if report["predictions"] == 2 * KEPT_OUT else None

    report = wait_until(answered, timeout_seconds=300, what="every photograph to be answered") or {}
    assert report["dead_letters"] == 0
    assert report["accuracy"] > 0.9
