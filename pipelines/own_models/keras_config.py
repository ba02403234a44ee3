"""The layers of a .keras archive against an allow-list: only Keras's own, none that runs code or opens files."""

import re
from collections.abc import Mapping
from typing import Any, Final

from pipelines.errors import ModelError

MODELS: Final = frozenset({"Functional", "Sequential"})
LAYERS: Final = frozenset((
    "Activation", "ActivityRegularization", "Add", "AlphaDropout", "Attention", "Average", "AveragePooling1D",
    "AveragePooling2D", "BatchNormalization", "CenterCrop", "Concatenate", "Conv1D", "Conv2D", "Conv2DTranspose",
    "Cropping1D", "Cropping2D", "Dense", "DepthwiseConv1D", "DepthwiseConv2D", "Dot", "Dropout", "ELU", "EinsumDense",
    "Embedding", "Flatten", "GaussianDropout", "GaussianNoise", "GlobalAveragePooling1D", "GlobalAveragePooling2D",
    "GlobalMaxPooling1D", "GlobalMaxPooling2D", "GroupNormalization", "GroupQueryAttention", "Identity", "InputLayer",
    "LayerNormalization", "LeakyReLU", "MaxPooling1D", "MaxPooling2D", "Maximum", "Minimum", "MultiHeadAttention",
    "Multiply", "Normalization", "PReLU", "Permute", "RMSNormalization", "RandomBrightness", "RandomContrast",
    "RandomCrop", "RandomFlip", "RandomRotation", "RandomTranslation", "RandomZoom", "ReLU", "RepeatVector",
    "Rescaling", "Reshape", "Resizing", "SeparableConv1D", "SeparableConv2D", "Softmax", "SpatialDropout1D",
    "SpatialDropout2D", "Subtract", "UnitNormalization", "UpSampling1D", "UpSampling2D", "ZeroPadding1D",
    "ZeroPadding2D",
))  # fmt: skip
OPERATIONS: Final = frozenset((
    "Absolute", "Add", "Clip", "Concatenate", "Divide", "Exp", "ExpandDims", "Flip", "Gelu", "GetItem", "HardSigmoid",
    "HardSwish", "Log", "Matmul", "Max", "Maximum", "Mean", "Min", "Minimum", "Multiply", "Negative", "Pad", "Power",
    "Relu", "Relu6", "Reshape", "Sigmoid", "Silu", "Softmax", "Split", "Sqrt", "Square", "Squeeze", "Stack", "Subtract",
    "Sum", "Swapaxes", "Tanh", "Transpose", "TrueDivide",
))  # fmt: skip
"""What preprocess_input and plain arithmetic between layers leave in a functional model."""
INITIALIZERS: Final = frozenset((
    "Constant", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "Identity", "IdentityInitializer",
    "LecunNormal", "LecunUniform", "Ones", "Orthogonal", "OrthogonalInitializer", "RandomNormal", "RandomUniform",
    "TruncatedNormal", "VarianceScaling", "Zeros",
))  # fmt: skip
ALLOWED: Final[Mapping[str, frozenset[str]]] = {
    "keras": frozenset({"DTypePolicy", "Sequential", "Model", "Functional"}),
    "keras.models": MODELS,
    "keras.src.models.functional": MODELS,
    "keras.src.models.sequential": MODELS,
    "keras.layers": LAYERS,
    "keras.src.ops.numpy": OPERATIONS,
    "keras.src.ops.nn": OPERATIONS,
    "keras.ops": OPERATIONS,
    "keras.initializers": INITIALIZERS,
    "keras.regularizers": frozenset({"L1", "L2", "L1L2", "OrthogonalRegularizer"}),
    "keras.constraints": frozenset({"MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm"}),
    "keras.dtype_policies": frozenset({"DTypePolicy"}),
    "keras.src.applications.convnext": frozenset({"LayerScale"}),
    "keras.random": frozenset({"SeedGenerator"}),
    "keras.src.random.seed_generator": frozenset({"SeedGenerator"}),
}
ACTIVATIONS: Final = frozenset((
    "elu", "exponential", "gelu", "hard_sigmoid", "hard_swish", "leaky_relu", "linear", "log_softmax", "mish", "relu",
    "relu6", "selu", "sigmoid", "silu", "softmax", "softplus", "softsign", "swish", "tanh",
))  # fmt: skip
PLAIN_VALUES: Final = frozenset(
    {"__keras_tensor__", "__tuple__", "__slice__", "__ellipsis__", "__numpy__", "__tensor__"}
)
"""Values that are not JSON's own; what carries code (`__lambda__`) or types (`__typespec__`) is not among them."""
TRAINING_MODULES: Final = ("keras.losses", "keras.metrics", "keras.optimizers", "keras.optimizers.schedules")
FORBIDDEN_KEYS: Final = frozenset({"safe_mode", "custom_objects"})
MEND: Final = "Build the model of Keras's own layers and save it again without custom ones."


def check_config(config: Mapping[str, Any]) -> None:
    """Raises ModelError naming everything in config.json that is not allowed."""
    if config.get("class_name") not in MODELS:
        raise ModelError(
            f"Expected a Functional or Sequential model, received {config.get('class_name')!r:.60}: a subclass "
            f"cannot be rebuilt without its code. {MEND}"
        )
    findings: dict[str, None] = {}
    rest = {key: value for key, value in config.items() if key != "compile_config"}
    _walk(rest, findings, training=False)
    _walk(config.get("compile_config"), findings, training=True)
    if findings:
        some = [*findings][:5]
        more = f" and {len(findings) - 5} more" if len(findings) > 5 else ""
        raise ModelError(f"Expected only Keras's own layers in config.json, found {'; '.join(some)}{more}. {MEND}")


def _walk(root: Any, findings: dict[str, None], *, training: bool) -> None:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += reversed(node)
        elif isinstance(node, dict):
            for key in FORBIDDEN_KEYS & node.keys():
                findings[f"the key {key}, which would switch Keras's protection off"] = None
            if "class_name" in node and (fault := _find_fault(node, training=training)):
                findings[fault] = None
            waiting += reversed(node.values())


def _find_fault(node: Mapping[str, Any], *, training: bool) -> str | None:
    """What is wrong with one object of the config, in words."""
    name, module, registered = node["class_name"], node.get("module"), node.get("registered_name")
    if not isinstance(name, str) or not isinstance(module, str | None):
        return f"an object of class {name!r:.60} of {module!r:.60}"
    if name in PLAIN_VALUES and module in (None, "builtins"):
        return None
    if name == "function":
        return _find_function_fault(node)
    shown = f"{name!r:.60} of module {module!r:.60}"
    if registered not in (None, name):
        return f"{shown}, registered as {registered!r:.60}"
    if training and module in TRAINING_MODULES and re.fullmatch(r"\w+", name):
        return None
    return None if name in ALLOWED.get(module or "", frozenset()) else shown


def _find_function_fault(node: Mapping[str, Any]) -> str | None:
    function, module = node.get("config"), node.get("module")
    if module in ("builtins", "keras.activations") and function in ACTIVATIONS:
        return None
    return f"the function {function!r:.60} of module {module!r:.60}"
