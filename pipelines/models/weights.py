"""Pretrained weights: a file in VIGIA_WEIGHTS_DIR, or the download of keras.applications."""

from pathlib import Path

from pipelines.errors import ModelError


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
