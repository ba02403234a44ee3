import numpy as np
import pytest

from pipelines.bench.model import tell_apart


@pytest.mark.integration
def test_an_untrained_head_names_the_nearest_picture_and_is_sure_of_it() -> None:
    import keras

    from pipelines.models.contract import LOGITS_LAYER

    pixels = np.random.default_rng(5).integers(0, 256, (5, 8, 8, 3), np.uint8)
    given = keras.Input((8, 8, 3))
    features = keras.layers.Dense(16)(keras.layers.Flatten()(given))
    logits = keras.layers.Dense(8, name=LOGITS_LAYER)(features)
    model = keras.Model(given, keras.layers.Softmax()(logits))

    tell_apart(model, pixels)

    said = np.asarray(model.predict(np.concatenate([pixels, pixels[2:3] ^ 1]), verbose=0))
    assert said.argmax(axis=1).tolist() == [0, 1, 2, 3, 4, 2]
    ordered = np.sort(said[:5], axis=1)
    assert np.median(np.log(ordered[:, -1] / ordered[:, -2])) == pytest.approx(3, abs=0.1)
    assert said[:, 5:].max() < 1e-6
