"""What every architecture promises, by names of layers: a feature vector, and a temperature before the softmax."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipelines.errors import ModelError

if TYPE_CHECKING:
    import keras

    from pipelines.preprocessing import Subject

FEATURES_LAYER: Final = "features"
"""Its output, (pictures, length), is what the head sees; a layer of the outermost model."""
LOGITS_LAYER: Final = "logits"
"""A Dense layer: one number a class, before temperature and softmax."""
TEMPERATURE_LAYER: Final = "temperature"
"""A Rescaling of the logits by 1/temperature: 1 while training, set once the model is calibrated."""


MIDDLE_LAYERS: Final = {"mobilenet_v2": "block_15_add"}
"""Model name -> a layer before the last ones, from which training takes what does not tell the classes apart. Its
averages tell pictures of other things better than the last features do; others than these were not measured."""

FACE_MODELS: Final = frozenset({"face_embedding"})
"""Names of models that look at faces."""


def subject_of(model_name: str) -> "Subject":
    """What a model looks at, by its name."""
    return "face" if model_name in FACE_MODELS else "picture"


def build_head(features: "keras.KerasTensor", class_count: int, dropout: float, seed: int) -> "keras.KerasTensor":
    """Dropout, logits, temperature, probabilities."""
    from keras import layers

    x = layers.Dropout(dropout, seed=seed, name="dropout")(features)
    x = layers.Dense(class_count, name=LOGITS_LAYER)(x)
    x = layers.Rescaling(1.0, name=TEMPERATURE_LAYER)(x)
    return layers.Softmax(name="probabilities")(x)


def load_trained(file: Path) -> "keras.Model":
    """The model that the train stage left. Raises ModelError for a file that is damaged or holds no numbers."""
    import keras

    mend = f"Remove {file.parent} and train again"
    try:
        model: Any = keras.saving.load_model(file, safe_mode=True)
    except Exception as error:  # Keras raises what it was thinking of: ValueError, KeyError, BadZipFile, OSError
        raise ModelError(
            f"Expected a Keras model in {file}, it cannot be read: {' '.join(str(error).split())[:200]}. {mend}."
        ) from error
    check_numbers(model, str(file), mend)
    return model


def check_numbers(model: "keras.Model", where: str, mend: str) -> None:
    """Raises ModelError naming the first weights that are not all finite."""
    import numpy as np

    for variable in model.variables:
        values = np.asarray(variable)
        if np.issubdtype(values.dtype, np.floating) and not np.isfinite(values).all():
            raise ModelError(f"Expected finite numbers in {where}, {variable.path} holds NaN or infinite ones. {mend}.")


def set_temperature(model: "keras.Model", temperature: float) -> None:
    """Divide the logits by `temperature` from now on. Raises ModelError for a model without the layer."""
    _find_layer(model, TEMPERATURE_LAYER).scale = 1.0 / temperature
    # a graph compiled before holds the old number
    model.make_predict_function(force=True)


def split_outputs(model: "keras.Model") -> "keras.Model":
    """The same layers with more outputs: probabilities, features, and the middle layer's averages where it has one."""
    import keras

    outputs = [model.output, _find_layer(model, FEATURES_LAYER, nested=False).output]
    if model.name in MIDDLE_LAYERS:
        middle = _find_layer(model, MIDDLE_LAYERS[model.name], nested=False).output
        outputs.append(keras.layers.GlobalAveragePooling2D(name="middle")(middle))
    return keras.Model(model.input, outputs)


def _find_layer(model: "keras.Model", name: str, *, nested: bool = True) -> Any:
    for layer in model.layers:
        if layer.name == name:
            return layer
        if nested and hasattr(layer, "layers"):
            try:
                return _find_layer(layer, name)
            except ModelError:
                continue
    raise ModelError(f"Expected a model with a layer named {name!r}, {model.name} has none. Train it again.")
