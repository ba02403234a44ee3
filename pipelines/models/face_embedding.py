"""People by their faces: a pretrained embedding, and for each person the mean of theirs.

The embedding is MobileFaceNet (Chen et al. 2018, arXiv:1804.07573). Nothing is fitted by gradient: with a dozen photos
a person there is more to lose than to learn.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import ModelError
from pipelines.faces.alignment import ALIGNED_SIDE
from pipelines.models.contract import FEATURES_LAYER, TEMPERATURE_LAYER

if TYPE_CHECKING:
    import keras

EMBEDDING_FILE: Final = "mobilefacenet_128.keras"
SCALE: Final = 16.0
"""Of the likeness, -1 to 1, before the softmax; calibration sets it right."""
TRIMMED_SHARE: Final = 0.1
"""Photos of a person that are least like the others and do not count: wrong labels, wrong faces."""
FEWEST_TRIMMED: Final = 5


def build_face_embedding(class_count: int, weights_dir: Path | None) -> "keras.Model":
    """Input: aligned faces, RGB 0 to 255 (pictures, 112, 112, 3); output: probabilities (pictures, class_count).

    The centroids are not set yet. Raises ModelError when the embedding's file is missing or of another kind.
    """
    import keras
    from keras import layers

    embedding = _load_embedding(weights_dir)
    pixels = keras.Input((ALIGNED_SIDE, ALIGNED_SIDE, 3), name="pixels")
    features = layers.UnitNormalization(name=FEATURES_LAYER)(embedding(pixels, training=False))
    likeness = layers.Dense(class_count, use_bias=False, name="logits")(features)
    x = layers.Rescaling(1.0, name=TEMPERATURE_LAYER)(likeness)
    return keras.Model(pixels, layers.Softmax(name="probabilities")(x), name="face_embedding")


def set_centroids(model: "keras.Model", features: NDArray[np.floating], labels: NDArray[np.int64]) -> None:
    """Place each person at the mean of their faces."""
    layer = model.get_layer("logits")
    layer.set_weights([SCALE * fit_centroids(features, labels, layer.units).T])


def fit_centroids(features: NDArray[np.floating], labels: NDArray[np.int64], class_count: int) -> NDArray[np.float32]:
    """(classes, length), rows of length 1: the mean of each person's faces but for those least like the others."""
    return np.stack([_find_centroid(features[labels == person]) for person in range(class_count)])


def answer_without_itself(
    features: NDArray[np.floating], labels: NDArray[np.int64], class_count: int
) -> NDArray[np.float32]:
    """(faces, classes): what would be said of each training face had it not been there.

    So every photo helps to calibrate, and with a dozen a person there are few others to do it with.
    """
    likeness = features @ fit_centroids(features, labels, class_count).T
    for face, person in enumerate(labels):
        others = features[(labels == person) & (np.arange(len(labels)) != face)]
        likeness[face, person] = features[face] @ _find_centroid(others)
    powers = np.exp(SCALE * (likeness - likeness.max(axis=1, keepdims=True)))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)


def _find_centroid(faces: NDArray[np.floating]) -> NDArray[np.float32]:
    """Of one person; zeros where there is no face."""
    mean = faces.sum(axis=0)
    spare = int(TRIMMED_SHARE * len(faces)) if len(faces) >= FEWEST_TRIMMED else 0
    closest = np.argsort(-(faces @ mean), kind="stable")[: len(faces) - spare]
    mean = faces[closest].sum(axis=0)
    return np.asarray(mean / max(1e-12, float(np.linalg.norm(mean))), np.float32)


def _load_embedding(weights_dir: Path | None) -> "keras.Model":
    import keras

    file = (weights_dir or Path()) / EMBEDDING_FILE
    if weights_dir is None or not file.is_file():
        raise ModelError(
            f"Expected {EMBEDDING_FILE} in the folder that VIGIA_WEIGHTS_DIR names, found none. Put it there, or "
            "choose another train.architecture."
        )
    try:
        model = keras.saving.load_model(file, compile=False, safe_mode=True)
    except (ValueError, OSError, TypeError) as error:
        raise ModelError(f"Expected a Keras model at {file}. {str(error)[:200]}") from error
    if tuple(model.input_shape[1:]) != (ALIGNED_SIDE, ALIGNED_SIDE, 3) or len(model.output_shape) != 2:
        raise ModelError(
            f"Expected an embedding of {ALIGNED_SIDE}x{ALIGNED_SIDE} faces at {file}, received a model of "
            f"{model.input_shape} -> {model.output_shape}."
        )
    model.trainable = False
    return model
