"""A small .keras archive written by hand, so that every part of it can be spoilt; Keras itself is not needed."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

Config = dict[str, Any]


def layer(name: str, config: Config | None = None, module: str = "keras.layers", **more: Any) -> Config:
    """One object of config.json as Keras writes it."""
    return {"module": module, "class_name": name, "config": config or {}, "registered_name": None, **more}


def make_config() -> Config:
    """Mean colour, then a dense layer with softmax for two classes."""
    layers = [
        layer("InputLayer", {"batch_shape": [None, 16, 16, 3], "dtype": "float32", "name": "pixels"}),
        layer("Rescaling", {"scale": 1 / 255, "offset": 0.0, "name": "scale"}),
        layer("GlobalAveragePooling2D", {"name": "pooled"}),
        layer("Dense", {"units": 2, "activation": "softmax", "name": "head"}),
    ]
    return layer("Sequential", {"name": "small", "layers": layers}, module="keras", compile_config=None)


def write_weights(file: Path, change: Callable[[h5py.Group], None] | None = None) -> bytes:
    """model.weights.h5; `change` may spoil the dense layer's group first."""
    with h5py.File(file, "w") as opened:
        group = opened.create_group("layers/dense/vars")
        group["0"] = np.array([[4.0, -4.0], [0.0, 0.0], [-4.0, 4.0]], np.float32)
        group["1"] = np.zeros(2, np.float32)
        if change:
            change(group)
    return file.read_bytes()


def write_archive(
    file: Path,
    *,
    config: Config | str | None = None,
    weights: Callable[[h5py.Group], None] | None = None,
    members: dict[str, bytes] | None = None,
    compression: int = zipfile.ZIP_STORED,
) -> Path:
    """`members` are added; a .keras archive as Keras writes it without any of the changes."""
    text = config if isinstance(config, str) else json.dumps(config or make_config())
    with zipfile.ZipFile(file, "w", compression) as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.15.1", "date_saved": "2026-01-01@00:00:00"}))
        archive.writestr("config.json", text)
        archive.writestr("model.weights.h5", write_weights(file.with_suffix(".h5"), weights))
        for name, content in (members or {}).items():
            archive.writestr(name, content)
    return file
