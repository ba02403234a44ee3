"""The runtimes: what each reads, and how it is asked on one thread. Each is imported only where it is asked."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from pipelines.artefact import NETWORK_FILE, ServingCard
from pipelines.bench.model import KERAS_FILE

ENGINES: Final = ("openvino f32", "openvino bf16", "openvino int8", "onnxruntime", "litert", "keras")
INT8_FILE: Final = "int8.xml"

Ask = Callable[[Any], Any]
"""Pixels, (pictures, height, width, 3) uint8 -> probabilities."""


def write_engines(artefact: Path, files: Path, pictures: Path) -> dict[str, str]:
    """What engines read, where it is not there yet; engine -> why it cannot be measured here."""
    absent = {}
    for engine, write in (
        ("openvino bf16", _check_bf16),
        ("openvino int8", write_int8),
        ("onnxruntime", _write_onnx),
        ("litert", _write_litert),
    ):
        try:
            if reason := write(artefact, files, pictures):
                absent[engine] = reason
        except Exception as error:  # noqa: BLE001  converters raise whatever they like; the others are measured
            absent[engine] = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    return absent


def open_engine(engine: str, artefact: Path, files: Path) -> Ask:
    """Loaded for one thread."""
    if engine.startswith("openvino"):
        lower = engine == "openvino int8"
        return _open_openvino(files / INT8_FILE if lower else artefact / NETWORK_FILE, engine)
    return {"onnxruntime": _open_onnx, "litert": _open_litert, "keras": _open_keras}[engine](artefact, files)


def _open_openvino(network: Path, engine: str) -> Ask:
    from pipelines.inference import PROBABILITIES_OUTPUT
    from pipelines.openvino_core import open_core

    hint = "bf16" if engine.endswith("bf16") else "f32"
    options = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": hint}
    compiled = open_core().compile_model(network, "CPU", options)
    request = compiled.create_infer_request()
    return lambda pixels: request.infer([pixels])[compiled.output(PROBABILITIES_OUTPUT)]


def _open_onnx(_artefact: Path, files: Path) -> Ask:
    import onnxruntime

    from pipelines.export.onnx import NETWORK

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(files / NETWORK), options, providers=["CPUExecutionProvider"])
    return lambda pixels: session.run(["probabilities"], {"pixels": pixels})[0]


def _open_litert(_artefact: Path, files: Path) -> Ask:
    import tensorflow as tf

    from pipelines.export.litert import NETWORK

    run = tf.lite.Interpreter(str(files / NETWORK), num_threads=1).get_signature_runner()
    return lambda pixels: run(pixels=pixels)["probabilities"]


def _open_keras(artefact: Path, _files: Path) -> Ask:
    import tensorflow as tf

    from pipelines.export.keras import use_one_thread
    from pipelines.models.contract import load_trained

    use_one_thread()
    model = load_trained(artefact / KERAS_FILE)
    run = tf.function(lambda pixels: model(pixels, training=False), reduce_retracing=True)
    return lambda pixels: run(tf.constant(pixels))


def _check_bf16(_artefact: Path, _files: Path, _pictures: Path) -> str | None:
    from pipelines.openvino_core import open_core

    known = open_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return None if "BF16" in known else "this processor does not compute in bf16"


def write_int8(artefact: Path, files: Path, pictures: Path) -> str | None:
    if (files / INT8_FILE).is_file():
        return None
    import numpy as np
    import openvino as ov

    from pipelines.bench.decode import decode_ours
    from pipelines.export.precision import quantise
    from pipelines.openvino_core import open_core

    side = ServingCard.load(artefact).image_size
    pixels = np.stack([decode_ours(file.read_bytes(), side) for file in sorted(pictures.iterdir())])
    lower = quantise(open_core().read_model(artefact / NETWORK_FILE), pixels)
    ov.save_model(lower, files / INT8_FILE, compress_to_fp16=False)
    return None


def _write_onnx(artefact: Path, files: Path, _pictures: Path) -> str | None:
    from pipelines.export.formats import Source
    from pipelines.export.onnx import NETWORK, OnnxFormat
    from pipelines.models.contract import load_trained

    if not (files / NETWORK).is_file():
        OnnxFormat().write(Source(artefact, load_trained(artefact / KERAS_FILE)), files)
    return None


def _write_litert(artefact: Path, files: Path, _pictures: Path) -> str | None:
    from pipelines.export.formats import Source
    from pipelines.export.litert import NETWORK, LiteRtFormat
    from pipelines.models.contract import load_trained

    if not (files / NETWORK).is_file():
        LiteRtFormat().write(Source(artefact, load_trained(artefact / KERAS_FILE)), files)
    return None
