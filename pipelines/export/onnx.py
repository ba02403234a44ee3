"""ONNX, for ONNX Runtime and whatever else reads it."""

from pathlib import Path
from typing import Any, Final

from pipelines.export.formats import Pixels, Source, Timed, build_signature, time_each

NETWORK: Final = "model.onnx"


class OnnxFormat:
    """One file, read by ONNX Runtime."""

    name: Final = "onnx"

    def write(self, source: Source, folder: Path) -> None:
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # tf2onnx looks for names that numpy 2 gave up
            build_signature(source.model).export(str(folder / NETWORK), format="onnx", verbose=False)
        _name_batch(folder / NETWORK)

    def answer(self, folder: Path, pixels: Pixels) -> Timed:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(str(folder / NETWORK), options, providers=["CPUExecutionProvider"])
        return time_each(lambda one: session.run(["probabilities"], {"pixels": one})[0], pixels)


def _name_batch(file: Path) -> None:
    """The converter calls the free dimension `unk__504` or the like."""
    import onnx

    network: Any = onnx.load(str(file))
    for value in (*network.graph.input, *network.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "pictures"
    onnx.checker.check_model(network)
    onnx.save(network, str(file))
