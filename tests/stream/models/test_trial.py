import shutil
import subprocess
import sys
import textwrap
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipelines.artefact import GOLDEN_FILE, NETWORK_FILE, ServingCard
from pipelines.errors import ModelError
from pipelines.golden import GoldenPictures
from pipelines.inference import load_classifier
from stream.models.copies import Copies
from stream.models.trial import try_version
from tests.stream.models.hostile import HOSTILE, make_hostile
from tests.stream.models.made_artefact import make_artefact


@pytest.fixture
def artefact(tmp_path: Path) -> Path:
    return make_artefact(tmp_path / "artefact")


def test_a_sound_version_passes(artefact: Path) -> None:
    try_version(artefact, "cars", 1)


def test_one_that_answers_its_golden_pictures_otherwise_is_refused(artefact: Path) -> None:
    golden = GoldenPictures.load(artefact / GOLDEN_FILE)
    GoldenPictures(golden.encoded, golden.probabilities + np.float32(0.1)).save(artefact / GOLDEN_FILE)

    with pytest.raises(ModelError, match="golden pictures"):
        try_version(artefact, "cars", 1)


def test_a_version_in_bf16_is_held_to_the_bounds_of_what_is_computed_here(artefact: Path) -> None:
    replace(ServingCard.load(artefact), precision="bf16").save(artefact)
    golden = GoldenPictures.load(artefact / GOLDEN_FILE)
    GoldenPictures(golden.encoded, golden.probabilities + np.float32(0.1)).save(artefact / GOLDEN_FILE)

    here = load_classifier(artefact, "cars", 1).precision

    with nullcontext() if here == "bf16" else pytest.raises(ModelError, match="golden pictures"):
        try_version(artefact, "cars", 1)


def test_one_of_another_classifier_is_refused(artefact: Path) -> None:
    with pytest.raises(ModelError, match="Expected a model of simpsons, received one of cars"):
        try_version(artefact, "simpsons", 1)


def test_a_network_that_is_rubble_is_refused_without_harm_to_this_process(artefact: Path) -> None:
    (artefact / NETWORK_FILE).write_bytes(b"<net>" + bytes(1000))

    with pytest.raises(ModelError, match="Expected an OpenVINO network"):
        try_version(artefact, "cars", 1)


def test_one_without_golden_pictures_answers_a_blank_one(tmp_path: Path) -> None:
    """A network may break only when it is asked, and would then have ended the worker."""
    spoiled = next(each for each in HOSTILE if each.name == "the same without golden pictures")

    with pytest.raises(ModelError, match="NaN"):
        try_version(make_hostile(spoiled, tmp_path / "artefact"), "cars", 1)
    try_version(make_artefact(tmp_path / "sound", golden=False), "cars", 1)


def test_what_a_killed_worker_left_of_a_trial_is_swept_with_its_half_copies(artefact: Path, tmp_path: Path) -> None:
    copies = Copies(tmp_path / "copies")
    shelf = copies.folder / "cars"
    shutil.copytree(artefact, shelf / "1")
    killed = textwrap.dedent(f"""
        import os, threading
        from pathlib import Path
        from stream.models import trial

        def die():
            while not list(Path({str(shelf)!r}).glob(".partial-trial-*")):
                threading.Event().wait(0.001)
            os.kill(os.getpid(), 9)

        threading.Thread(target=die).start()
        trial.try_version(Path({str(shelf / "1")!r}), "cars", 1)
    """)
    subprocess.run([sys.executable, "-c", killed], check=False)
    left = [path.name for path in shelf.glob(".partial-*")]
    copies.sweep()

    assert len(left) == 1
    assert [path.name for path in shelf.iterdir()] == ["1"]
