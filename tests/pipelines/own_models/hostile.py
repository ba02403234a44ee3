"""Model files that would do harm if they were opened as they ask: each would touch a canary, or read beyond itself."""

import base64
import json
import marshal
import pickle
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flatbuffers
import h5py
import numpy as np

from tests.pipelines.own_models.keras_writer import layer, make_config, write_archive, write_weights
from tests.pipelines.own_models.onnx_writer import write_pooled_classifier

Build = Callable[[Path, str], Path]
"""(folder, the command that touches the canary) -> the file."""
WEIGHTS = np.array([[4.0, -4.0], [0.0, 0.0], [-4.0, 4.0]])


def with_layer(bad: dict[str, Any]) -> dict[str, Any]:
    """The small model with one more layer before its head."""
    config = make_config()
    config["config"]["layers"].insert(2, bad)
    return config


def code_that(command: str) -> dict[str, Any]:
    """What a Lambda layer keeps of a function: its byte code."""
    code = compile(f"__import__('os').system({command!r})", "lambda", "eval")
    value = [base64.b64encode(marshal.dumps(code)).decode(), None, None]
    return {"class_name": "__lambda__", "config": {"value": value}}


def lambda_layer(folder: Path, command: str) -> Path:
    bad = layer("Lambda", {"name": "bad", "function": code_that(command)})
    return write_archive(folder / "lambda.keras", config=with_layer(bad))


def lambda_in_an_activation(folder: Path, command: str) -> Path:
    bad = layer("Activation", {"name": "bad", "activation": code_that(command)})
    return write_archive(folder / "activation.keras", config=with_layer(bad))


def module_os(folder: Path, command: str) -> Path:
    bad = layer("system", {"command": command}, module="os", registered_name="system")
    return write_archive(folder / "os.keras", config=with_layer(bad))


def function_of_os(folder: Path, command: str) -> Path:
    function = {"class_name": "function", "config": "system", "module": "os", "registered_name": "system"}
    bad = layer("Activation", {"name": command, "activation": function})
    return write_archive(folder / "function.keras", config=with_layer(bad))


def safe_mode_switched_off(folder: Path, command: str) -> Path:
    inner = layer("Sequential", {"name": "inner", "layers": []}, module="keras", safe_mode=False)
    inner["config"]["layers"].append(layer("Lambda", {"function": code_that(command)}))
    return write_archive(folder / "unsafe.keras", config=with_layer(inner))


def switches_protection_off(folder: Path, command: str) -> Path:
    bad = layer("enable_unsafe_deserialization", {"name": command}, module="keras.config")
    return write_archive(folder / "switch.keras", config=with_layer(bad))


def registered_as_another(folder: Path, command: str) -> Path:
    bad = layer("Dense", {"units": 2, "name": command}, registered_name="builtins>eval")
    return write_archive(folder / "registered.keras", config=with_layer(bad))


def custom_loss(folder: Path, command: str) -> Path:
    config = make_config()
    config["compile_config"] = {"loss": layer("Loss", {"name": command}, module="os.path")}
    return write_archive(folder / "loss.keras", config=config)


def saved_model_layer(folder: Path, command: str) -> Path:
    bad = layer("TFSMLayer", {"filepath": "/tmp", "name": command})  # noqa: S108 - never opened
    return write_archive(folder / "tfsm.keras", config=with_layer(bad))


def key_twice(folder: Path, command: str) -> Path:
    bad = json.dumps(with_layer(layer("Lambda", {"function": code_that(command)})))
    text = json.dumps(make_config())
    return write_archive(folder / "twice.keras", config=f"{bad[:-1]}, {text[1:]}")


def h5_renamed(folder: Path, command: str) -> Path:
    (folder / "old.keras").write_bytes(write_weights(folder / "old.h5", lambda group: _attribute(group, command)))
    return folder / "old.keras"


def pickle_renamed(folder: Path, command: str) -> Path:
    return _pickled(folder / "pickle.keras", command)


def pickle_as_onnx(folder: Path, command: str) -> Path:
    return _pickled(folder / "pickle.onnx", command)


def zip_bomb(folder: Path, command: str) -> Path:
    zeros = {"padding": "x" * 4_000_000, "command": command}
    return write_archive(folder / "bomb.keras", config=make_config() | zeros, compression=zipfile.ZIP_DEFLATED)


def member_outside(folder: Path, command: str) -> Path:
    return write_archive(folder / "outside.keras", members={"../../canary": command.encode()})


def absolute_member(folder: Path, command: str) -> Path:
    return write_archive(folder / "absolute.keras", members={f"{folder}/canary": command.encode()})


def code_folder(folder: Path, command: str) -> Path:
    code = f"import os; os.system({command!r})".encode()
    return write_archive(folder / "code.keras", members={"code/__init__.py": code})


def config_twice(folder: Path, command: str) -> Path:
    bad = json.dumps(with_layer(layer("Lambda", {"function": code_that(command)}))).encode()
    with warnings.catch_warnings(action="ignore"):  # Python itself thinks it strange
        return write_archive(folder / "member-twice.keras", members={"config.json": bad})


def external_link(folder: Path, command: str) -> Path:
    def link(group: h5py.Group) -> None:
        group["2"] = h5py.ExternalLink("/etc/passwd", "/")

    return write_archive(folder / "link.keras", weights=link)


def external_storage(folder: Path, command: str) -> Path:
    def store(group: h5py.Group) -> None:
        group.create_dataset("2", (8,), "u1", external=[("/etc/hostname", 0, 8)])

    return write_archive(folder / "storage.keras", weights=store)


def more_weights_than_bytes(folder: Path, command: str) -> Path:
    def claim(group: h5py.Group) -> None:
        group.create_dataset("2", (1 << 40,), "f4", chunks=(1 << 20,))

    return write_archive(folder / "claims.keras", weights=claim)


def nan_weights(folder: Path, command: str) -> Path:
    def spoil(group: h5py.Group) -> None:
        group["0"][0, 0] = np.nan

    return write_archive(folder / "nan.keras", weights=spoil)


def truncated(folder: Path, command: str) -> Path:
    file = write_archive(folder / "cut.keras")
    file.write_bytes(file.read_bytes()[:-200])
    return file


def onnx_external_data(folder: Path, command: str) -> Path:
    return write_pooled_classifier(folder / "external.onnx", WEIGHTS, external=True)


def onnx_custom_operator(folder: Path, command: str) -> Path:
    return write_pooled_classifier(folder / "custom.onnx", WEIGHTS, domain="com.example")


def onnx_nan_weights(folder: Path, command: str) -> Path:
    return write_pooled_classifier(folder / "nan.onnx", WEIGHTS * np.nan)


def onnx_truncated(folder: Path, command: str) -> Path:
    file = write_pooled_classifier(folder / "cut.onnx", WEIGHTS)
    file.write_bytes(file.read_bytes()[:-40])
    return file


def litert_custom_operator(folder: Path, command: str) -> Path:
    builder = flatbuffers.Builder(256)
    name = builder.CreateString("FlexPyFunc")
    builder.StartObject(4)
    builder.PrependInt8Slot(0, 32, 0)
    builder.PrependUOffsetTRelativeSlot(1, name, 0)
    code = builder.EndObject()
    builder.StartVector(4, 1, 4)
    builder.PrependUOffsetTRelative(code)
    codes = builder.EndVector()
    builder.StartObject(5)
    builder.PrependUOffsetTRelativeSlot(1, codes, 0)
    builder.Finish(builder.EndObject(), b"TFL3")
    (folder / "custom.tflite").write_bytes(bytes(builder.Output()))
    return folder / "custom.tflite"


def _attribute(group: h5py.Group, command: str) -> None:
    group.file.attrs["model_config"] = json.dumps(with_layer(layer("Lambda", {"function": code_that(command)})))


class _Harm:
    def __init__(self, command: str) -> None:
        self._command = command

    def __reduce__(self) -> tuple[Any, ...]:
        import os

        return os.system, (self._command,)


def _pickled(file: Path, command: str) -> Path:
    file.write_bytes(pickle.dumps(_Harm(command)))
    return file


HOSTILE: tuple[tuple[Build, str], ...] = (
    (lambda_layer, "'Lambda' of module 'keras.layers'"),
    (lambda_in_an_activation, "'__lambda__'"),
    (module_os, "'system' of module 'os'"),
    (function_of_os, "the function 'system' of module 'os'"),
    (safe_mode_switched_off, "the key safe_mode"),
    (switches_protection_off, "'enable_unsafe_deserialization' of module 'keras.config'"),
    (registered_as_another, "registered as 'builtins>eval'"),
    (custom_loss, "'Loss' of module 'os.path'"),
    (saved_model_layer, "'TFSMLayer'"),
    (key_twice, "a key comes twice"),
    (h5_renamed, "an HDF5 file"),
    (pickle_renamed, "a pickle"),
    (pickle_as_onnx, "a pickle"),
    (zip_bomb, "may be a bomb"),
    (member_outside, "which leads out of it"),
    (absolute_member, "which leads out of it"),
    (code_folder, "'code/__init__.py'"),
    (config_twice, "once each"),
    (external_link, "an external link to '/etc/passwd'"),
    (external_storage, "kept in another file"),
    (more_weights_than_bytes, "claims more"),
    (nan_weights, "NaN or infinity"),
    (truncated, "broken"),
    (onnx_external_data, "external data"),
    (onnx_custom_operator, "of the domain 'com.example'"),
    (onnx_nan_weights, "NaN or infinity"),
    (onnx_truncated, "broken"),
    (litert_custom_operator, "the custom one 'FlexPyFunc'"),
)
"""Each file, and what its refusal must name."""
