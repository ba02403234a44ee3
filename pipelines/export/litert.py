"""LiteRT (TensorFlow Lite), for telephones and small boards."""

from pathlib import Path
from typing import Final

from pipelines.export.formats import Pixels, Source, Timed, build_signature, time_each

NETWORK: Final = "model.tflite"


class LiteRtFormat:
    """One file, read by TensorFlow's own interpreter."""

    name: Final = "litert"

    def write(self, source: Source, folder: Path) -> None:
        build_signature(source.model).export(str(folder / NETWORK), format="litert", verbose=False)

    def answer(self, folder: Path, pixels: Pixels) -> Timed:
        import warnings

        import tensorflow as tf

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that a later TensorFlow will be without it
            interpreter = tf.lite.Interpreter(str(folder / NETWORK), num_threads=1)
        run = interpreter.get_signature_runner()
        return time_each(lambda one: run(pixels=one)["probabilities"], pixels)
