"""Keras: the model as it was trained, calibrated."""

import contextlib
import shutil
from pathlib import Path
from typing import Final

from pipelines.export.formats import Pixels, Source, Timed, time_each
from pipelines.models.contract import load_trained

NETWORK: Final = "model.keras"
ARTEFACT_FILE: Final = "data/model.keras"


class KerasFormat:
    """One archive, loaded without executing anything of it."""

    name: Final = "keras"

    def write(self, source: Source, folder: Path) -> None:
        shutil.copyfile(source.artefact / ARTEFACT_FILE, folder / NETWORK)

    def answer(self, folder: Path, pixels: Pixels) -> Timed:
        import tensorflow as tf

        model = load_trained(folder / NETWORK)
        run = tf.function(lambda one: model(one, training=False))
        return time_each(lambda one: run(tf.constant(one)), pixels)


def use_one_thread() -> None:
    """Of TensorFlow, like the other runtimes; where it has begun to compute it keeps those it has."""
    import tensorflow as tf

    with contextlib.suppress(RuntimeError):
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
