import io
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from pipelines.artefact import ServingCard
from pipelines.classifying.pictures import Pool, answer_pictures, read_picture
from pipelines.classifying.sources import find_sources
from pipelines.errors import ImageError
from pipelines.images import Image, decode_image
from pipelines.inference import build_answers, load_classifier
from pipelines.scaled_images import decode_for
from tests.pipelines.classifying.artefacts import encode_picture, write_picture


def test_pictures_are_answered_in_their_order_and_a_broken_one_says_why(pool: Pool, tmp_path: Path) -> None:
    for number in range(30):
        write_picture(tmp_path / f"{number:02}.jpg", ("red", "green", "blue")[number % 3])
    (tmp_path / "07.jpg").write_bytes(b"no picture")

    answers = list(answer_pictures(pool, find_sources([str(tmp_path)]), top=2))

    labels = [each.answer and each.answer.label for each in answers]
    assert labels == [None if i == 7 else ("red", "green", "blue")[i % 3] for i in range(30)]
    assert "Expected a JPEG" in answers[7].error
    assert all(each.answer and len(each.answer.top) == 2 for i, each in enumerate(answers) if i != 7)


def test_an_answer_is_the_one_that_the_worker_gives(pool: Pool, colours: Path, tmp_path: Path) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (50, 70, 3), np.uint8)
    file = tmp_path / "noise.png"

    PillowImage.fromarray(pixels).save(file)
    worker = load_classifier(colours, "colours", 4)

    (ours,) = answer_pictures(pool, find_sources([str(file)]), top=5)

    theirs = build_answers(worker.class_names, worker.infer([decode_image(file.read_bytes())]), 5)[0]
    assert ours.answer is not None
    assert (ours.answer.label, ours.answer.decision) == (theirs.label, theirs.decision)
    for (label, probability), (same, expected) in zip(ours.answer.top, theirs.top, strict=True):
        assert label == same
        assert probability == pytest.approx(expected, abs=1e-6)


def test_a_heatmap_is_drawn_of_what_was_asked_about_and_over_all_pixels(colours: Path, tmp_path: Path) -> None:
    scaled = tmp_path / "scaled"
    shutil.copytree(colours, scaled)
    replace(ServingCard.load(colours), decoding="scaled").save(scaled)
    drawn: list[tuple[Image, Image]] = []

    def draw(path: str, image: Image, seen: Image, _label: str) -> Path:
        drawn.append((image, seen))
        return Path(path)

    file = tmp_path / "noise.jpg"
    pixels = np.random.default_rng(3).integers(0, 256, (150, 170, 3), np.uint8)
    PillowImage.fromarray(pixels).save(file)

    list(answer_pictures(Pool([load_classifier(scaled, "colours", 4)]), find_sources([str(file)]), 1, draw))

    ((image, seen),) = drawn
    assert image.shape == (150, 170, 3)
    assert np.array_equal(seen, decode_for(file.read_bytes(), 32))


def test_a_picture_of_nothing_known_is_unknown(pool: Pool, tmp_path: Path) -> None:
    (ours,) = answer_pictures(pool, find_sources([str(write_picture(tmp_path / "a.jpg", "grey"))]), top=1)

    assert ours.answer is not None
    assert ours.answer.decision == "unknown"


def test_standard_input_is_one_picture(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(encode_picture("green"))))

    (ours,) = answer_pictures(pool, find_sources(["-"]), top=1)

    assert (ours.path, ours.answer and ours.answer.label) == ("-", "green")


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="Expected to read the file"):
        read_picture(str(tmp_path / "gone.jpg"))
