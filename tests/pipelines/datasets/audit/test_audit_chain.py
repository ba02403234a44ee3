"""The audit as people meet it: a folder with faults is imported, audited, and kept from training."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFilter

from tests.place import Place

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

A_CLASS = 30


def draw(seed: int) -> Image.Image:
    """A few large blots and fine grain: no two look alike."""
    rng = np.random.default_rng(seed)
    blots = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)).resize(
        (160, 120), Image.Resampling.BICUBIC
    )
    grain = Image.fromarray(rng.integers(0, 256, (120, 160, 3), dtype=np.uint8))
    return Image.blend(blots, grain, 0.3)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("faults")
    source = folder / "blots"
    for start, label in ((0, "first"), (1000, "second")):
        (source / label).mkdir(parents=True)
        for number in range(A_CLASS):
            draw(start + number).save(source / label / f"{number:02}.jpg", quality=90)
    draw(7).filter(ImageFilter.GaussianBlur(6)).save(source / "first" / "blurred.jpg")
    draw(1).resize((150, 112)).save(source / "second" / "seen_before.jpg", quality=70)
    place = Place(folder)
    place.environment.pop("VIGIA_WEIGHTS_DIR", None)
    place.commit()
    imported = place.run("data", "import", str(source), "--classifier", "blots")
    assert imported.returncode == 0, imported.stderr
    return place


def audit(place: Place) -> dict[str, Any]:
    done = place.run("data", "audit", "blots", "--json")
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def test_the_faults_are_found_and_nothing_leaks(place: Place) -> None:
    document = audit(place)

    found = {each["check"]: each for each in document["findings"]}
    assert found["blurred"]["files"] == ["first/blurred.jpg"]
    assert set(found["two_labels"]["files"]) == {"first/01.jpg", "second/seen_before.jpg"}
    assert document["leaks"] == 0
    assert Path(document["page"]).read_text(encoding="utf-8").count("data:image/jpeg") > A_CLASS / 2


def test_a_second_audit_says_the_same_without_dvc(place: Place) -> None:
    first = audit(place)

    again = place.run("data", "audit", "blots", "--json")

    assert json.loads(again.stdout) == first
    assert "Running stage" not in again.stderr
    assert "didn't change" not in again.stderr


def test_a_finding_made_an_error_stops_the_training(place: Place) -> None:
    refused = place.run("train", "blots", "--set", "audit.two_labels=error")

    assert refused.returncode == 1
    assert "two_labels" in refused.stderr
    assert "audit.two_labels of params.yaml to warning" in refused.stderr
    assert not list((place.workspace / "models").rglob("*.keras"))
