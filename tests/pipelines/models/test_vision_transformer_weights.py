from pathlib import Path

import numpy as np
import pytest

from pipelines.errors import ModelError
from pipelines.models.vision_transformer_weights import load_checkpoint, scale_positions
from tests.pipelines.models.jax_transformer import make_arrays, save_arrays


def test_the_shape_is_read_from_the_arrays(tmp_path: Path) -> None:
    checkpoint = load_checkpoint(save_arrays(tmp_path / "vit.npz", make_arrays()))

    assert checkpoint.shape == (8, 12, 2, 3, 20)


def test_another_archive_is_one_line(tmp_path: Path) -> None:
    arrays = make_arrays()
    del arrays["cls"]

    with pytest.raises(ModelError, match=r"Expected a vision transformer .* is another file: 'cls'"):
        load_checkpoint(save_arrays(tmp_path / "vit.npz", arrays))


@pytest.mark.parametrize("content", [b"", b"words", b"PK\x03\x04 half an archive"])
def test_a_file_that_is_no_archive_is_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "vit.npz").write_bytes(content)

    with pytest.raises(ModelError, match="is another file"):
        load_checkpoint(tmp_path / "vit.npz")


def test_positions_of_the_same_grid_stay_as_they_are() -> None:
    positions = make_arrays()["Transformer/posembed_input/pos_embedding"][0]

    assert np.array_equal(scale_positions(positions, 4), positions)


def test_positions_of_another_grid_keep_the_corners_and_the_class_token() -> None:
    positions = make_arrays()["Transformer/posembed_input/pos_embedding"][0]

    scaled = scale_positions(positions, 7)

    assert scaled.shape == (50, 12)
    np.testing.assert_allclose(scaled[[0, 1, 7, -7, -1]], positions[[0, 1, 4, -4, -1]], atol=1e-6)
