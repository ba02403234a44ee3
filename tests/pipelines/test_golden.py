from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pipelines.errors import ModelError
from pipelines.golden import GoldenPictures, check_golden
from pipelines.images import Image
from tests.stream.fakes import draw_jpeg

BRIGHTNESS = (10, 90, 160, 250)


def answer_by_light(images: Sequence[Image]) -> NDArray[np.float32]:
    light = np.array([image.mean() / 255 for image in images], np.float32)
    return np.stack([light, 1 - light], axis=1)


@pytest.fixture
def golden() -> GoldenPictures:
    encoded = {f"test-{value}": draw_jpeg(value) for value in BRIGHTNESS}
    return GoldenPictures(encoded, answer_by_light(GoldenPictures(encoded, np.zeros((4, 2), np.float32)).images()))


def test_they_survive_saving_and_loading(golden: GoldenPictures, tmp_path: Path) -> None:
    golden.save(tmp_path / "golden.npz")

    again = GoldenPictures.load(tmp_path / "golden.npz")

    assert again.encoded == golden.encoded
    assert (again.probabilities == golden.probabilities).all()


def test_a_picture_with_other_bytes_or_a_file_of_another_kind_is_refused(
    golden: GoldenPictures, tmp_path: Path
) -> None:
    file = tmp_path / "golden.npz"
    golden.save(file)
    with np.load(file) as arrays:
        changed = {name: arrays[name].copy() for name in arrays.files}
    changed["jpegs"][5] ^= 1
    np.savez(file, **changed)

    with pytest.raises(ModelError, match="golden pictures that were saved"):
        GoldenPictures.load(file)

    file.write_bytes(b"no archive")
    with pytest.raises(ModelError, match="Expected golden pictures at"):
        GoldenPictures.load(file)


def test_a_copy_that_answers_as_the_model_did_passes(golden: GoldenPictures) -> None:
    check_golden(golden, answer_by_light, "f32")


@pytest.mark.parametrize("shift", [0.01, float("nan")])
def test_a_copy_that_answers_a_little_otherwise_or_no_number_is_refused(golden: GoldenPictures, shift: float) -> None:
    with pytest.raises(ModelError, match="golden pictures"):
        check_golden(golden, lambda images: answer_by_light(images) + np.float32(shift), "f32")


def test_fewer_bits_may_stray_further_but_not_name_other_classes(golden: GoldenPictures) -> None:
    check_golden(golden, lambda images: answer_by_light(images) + np.float32(0.1), "bf16")

    close = GoldenPictures(golden.encoded, np.tile(np.array([0.55, 0.45], np.float32), (4, 1)))
    with pytest.raises(ModelError, match="the same class on 0%"):
        check_golden(close, lambda images: close.probabilities[:, ::-1], "int8")


def test_another_number_of_classes_is_refused(golden: GoldenPictures) -> None:
    with pytest.raises(ModelError, match="shape"):
        check_golden(golden, lambda images: np.full((len(images), 3), 1 / 3, np.float32), "f32")
