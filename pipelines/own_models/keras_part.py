"""The child again, for a Keras model: what `mlflow.keras` keeps, with pixels, temperature and names of layers as here.

MLflow's part of an artefact takes RGB from 0 to 255 and gives calibrated probabilities, whatever the model took before.
"""

from pathlib import Path
from typing import Any, Final

import numpy as np

from pipelines.models.contract import FEATURES_LAYER, LOGITS_LAYER, TEMPERATURE_LAYER
from pipelines.own_models.conventions import SCALES, Convention
from pipelines.own_models.draft import ARCHIVE_FILE

PICTURES_FILE: Final = "pictures.npy"
ANSWERS_FILE: Final = "answers.npy"
ARTEFACT_FOLDER: Final = "artefact"


def wrap_model(model: Any, convention: Convention, size: int, temperature: float, *, says_probabilities: bool) -> Any:
    """The same layers between scaled pixels and calibrated probabilities.

    `says_probabilities` counts where the model's last layer has no activation of its own.
    """
    import keras
    from keras import layers

    scores, features, activation = _split(model)
    if activation == "other":
        activation = "none" if says_probabilities else "linear"
    inner = keras.Model(model.inputs, [scores, features], name="own_model")
    pixels = keras.Input((size, size, 3), name="pixels")
    x = pixels
    mean, scale = SCALES[convention.pixels]
    if any(mean) or scale != (1.0, 1.0, 1.0):
        factors = [1 / each for each in scale]
        offsets = [-m / s for m, s in zip(mean, scale, strict=True)]
        x = layers.Rescaling(factors, offset=offsets, name="scale")(x)
    if convention.channels == "bgr":
        x = keras.ops.flip(x, axis=-1)
    scores, features = inner(x)
    features = layers.Identity(name=FEATURES_LAYER)(features)
    logits = layers.Identity(name=LOGITS_LAYER)(_as_logits(scores, activation))
    x = layers.Rescaling(1.0 / temperature, name=TEMPERATURE_LAYER)(logits)
    return keras.Model(pixels, layers.Softmax(name="probabilities")(x), name="own_model_served")


def _split(model: Any) -> tuple[Any, Any, str]:
    """Scores, features, and the activation that was cut off: softmax or sigmoid; `other` where none was."""
    from keras import layers

    output = model.outputs[0]
    last = output._keras_history.operation
    activation = getattr(getattr(last, "activation", None), "__name__", "linear")
    activation = "softmax" if isinstance(last, layers.Softmax) else activation
    if activation not in ("softmax", "sigmoid"):
        return output, _flatten(_find_features(output)), "other"
    if isinstance(last, layers.Softmax | layers.Activation):
        scores = last.input
    else:
        last.activation = _linear()
        scores = output
    return scores, _flatten(_find_features(scores)), activation


def _find_features(output: Any) -> Any:
    """What the last layer with a kernel sees; the output itself where the way back does not lead to one."""
    from keras import layers

    passed = (layers.Activation, layers.Identity, layers.Rescaling, layers.Reshape, layers.Flatten, layers.Dropout)
    tensor = output
    while True:
        layer = tensor._keras_history.operation
        if isinstance(layer, layers.Dense):
            return layer.input
        if isinstance(layer, layers.Conv2D):
            return layers.GlobalAveragePooling2D()(layer.input)
        if not isinstance(layer, (*passed, layers.GlobalAveragePooling2D)):
            return output
        tensor = layer.input


def _flatten(tensor: Any) -> Any:
    from keras import layers

    return tensor if len(tensor.shape) == 2 else layers.Flatten()(tensor)


def _as_logits(scores: Any, activation: str) -> Any:
    """As `pipelines.own_models.serving` does it in the network."""
    from keras import ops

    scores = _flatten(scores)
    if scores.shape[-1] == 1:
        if activation == "none":
            inside = ops.clip(scores, 1e-7, 1 - 1e-7)
            scores = ops.log(inside) - ops.log(1 - inside)
        return ops.concatenate([scores * 0, scores], axis=1)
    if activation == "sigmoid":
        return ops.log_sigmoid(scores)
    return ops.log(ops.clip(scores, 1e-7, 1)) if activation == "none" else scores


def _linear() -> Any:
    from keras import activations

    return activations.linear


def _write(folder: Path, options: dict[str, Any]) -> None:
    import keras
    import mlflow.keras
    from mlflow.models import infer_signature

    model: Any = keras.saving.load_model(folder / ARCHIVE_FILE, compile=False, safe_mode=True)
    convention = Convention(options["pixels"], options["channels"])
    wrapped = wrap_model(
        model,
        convention,
        options["image_size"],
        options["temperature"],
        says_probabilities=options["says_probabilities"],
    )
    pictures = np.load(folder / PICTURES_FILE, allow_pickle=False)
    answers = np.asarray(wrapped.predict(pictures, verbose=0))
    np.save(folder / ANSWERS_FILE, answers)
    (folder / ARTEFACT_FOLDER).mkdir()
    mlflow.keras.save_model(
        wrapped,
        str(folder / ARTEFACT_FOLDER),
        signature=infer_signature(pictures[:1], answers[:1]),
        input_example=pictures[:1],
        pip_requirements=options["requirements"],
    )
    keras.saving.load_model(folder / ARTEFACT_FOLDER / "data" / "model.keras", safe_mode=True)


if __name__ == "__main__":
    from pipelines.own_models.reading import run_in_walls

    run_in_walls(_write)
