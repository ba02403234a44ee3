"""Pretrained weights: a file in VIGIA_WEIGHTS_DIR, or the download of keras.applications."""

import socket
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipelines.errors import ModelError
from pipelines.training.params import TrainPlan

if TYPE_CHECKING:
    import keras

IMAGENET_FILES: Final = {
    "mobilenet_v2": "mobilenet_v2_1.0_224_imagenet_no_top.weights.h5",
    "resnet50": "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
    "efficientnet_v2_b0": "efficientnetv2-b0_notop.h5",
    "vision_transformer": (
        "Ti_16-i21k-300ep-lr_0.001-aug_none-wd_0.03-do_0.0-sd_0.0--imagenet2012-steps_20k-lr_0.03-res_224.npz"
    ),
}
"""Where `weights: imagenet` is looked up, by architecture."""
DOWNLOADS: Final = {
    architecture: f"{architecture}_weights" for architecture in ("resnet50", "efficientnet_v2_b0", "vision_transformer")
}
"""Architecture -> what `vigia data download` calls that file."""
PATIENCE_SECONDS: Final = 8.0
"""How long a server of weights may be silent: a closed network must not hold a training up."""


def find_weights(weights: str, imagenet_file: str, weights_dir: Path | None) -> Path | None:
    """The file that `weights` names; None where it is `imagenet` and no such file is there.

    Raises ModelError when a named file is missing.
    """
    name = imagenet_file if weights == "imagenet" else weights
    file = (weights_dir / name) if weights_dir else None
    if file and file.is_file():
        return file
    if weights == "imagenet":
        return None
    where = str(weights_dir) if weights_dir else "VIGIA_WEIGHTS_DIR, which is not set"
    raise ModelError(f"Expected the weights file {name} in {where}. Put it there, or set train.weights to none.")


def load_base(
    application: Callable[..., "keras.Model"], plan: TrainPlan, scaled: "keras.KerasTensor", weights_dir: Path | None
) -> "keras.Model":
    """A network of keras.applications without its top, on `scaled` pixels, with the weights that the plan names.

    Pretrained batch normalisation keeps the statistics it was trained with. Raises ModelError when the weights are
    missing, cannot be downloaded, or are those of another architecture.
    """
    imagenet_file = IMAGENET_FILES[plan.architecture]
    file = None if plan.weights == "none" else find_weights(plan.weights, imagenet_file, weights_dir)
    wanted = "imagenet" if plan.weights == "imagenet" and file is None else None
    try:
        with _download_rules(PATIENCE_SECONDS):
            base: Any = application(include_top=False, weights=wanted, input_tensor=scaled)
        if file:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a hundred lines about what the error says in one
                base.load_weights(file)
    except Exception as error:  # a download that fails raises a bare Exception, a wrong file OSError or ValueError
        raise ModelError(
            f"Expected {'weights' if file else 'ImageNet weights'} for {plan.architecture}; "
            f"{' '.join(str(error).split())[:200]}. {say_where(plan.architecture)}"
        ) from error
    if plan.weights != "none":
        _freeze_normalisation(base)
    return base


def say_where(architecture: str) -> str:
    """What to do without the weights of an architecture, for the end of an error."""
    name = DOWNLOADS.get(architecture)
    fetch = f" (`vigia data download {name}` fetches it)" if name else ""
    return (
        f"Put {IMAGENET_FILES[architecture]} into a folder{fetch} and set VIGIA_WEIGHTS_DIR to it, "
        f"or train without: --set train.weights=none."
    )


@contextmanager
def _download_rules(seconds: float) -> Iterator[None]:
    """The download of keras.applications has no time limit of its own, and writes its progress to stdout."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        socket.setdefaulttimeout(before)


def _freeze_normalisation(base: "keras.Model") -> None:
    import keras

    for layer in base.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
