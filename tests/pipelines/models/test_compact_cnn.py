import numpy as np

from pipelines.models.compact_cnn import build_compact_cnn

PIXELS = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)


def test_plain_pixels_become_probabilities() -> None:
    model = build_compact_cnn(class_count=10, image_size=64, dropout=0.2, seed=7)

    probabilities = model.predict(PIXELS, verbose=0)

    assert probabilities.shape == (2, 10)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert model.count_params() < 400_000


def test_weights_follow_from_the_seed() -> None:
    same, again = (build_compact_cnn(3, 32, 0.1, seed=1).get_weights() for _ in range(2))
    other = build_compact_cnn(3, 32, 0.1, seed=2).get_weights()

    assert all(np.array_equal(one, two) for one, two in zip(same, again, strict=True))
    assert any(not np.array_equal(one, two) for one, two in zip(same, other, strict=True))
