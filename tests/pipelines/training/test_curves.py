from pathlib import Path

import pytest

from pipelines.training.curves import CurveFile

pytestmark = pytest.mark.integration  # TensorFlow takes seconds to import


def test_tensorflow_reads_the_curves_back(tmp_path: Path) -> None:
    import tensorflow as tf

    curves = CurveFile(tmp_path)
    curves.add(1, {"train_loss": 0.5, "validation_accuracy": 0.75})
    curves.add(2, {"train_loss": 0.25})
    curves.close()

    (file,) = tmp_path.glob("events.out.tfevents.*")
    points = [
        (event.step, value.tag, value.simple_value)
        for event in tf.compat.v1.train.summary_iterator(str(file))
        for value in event.summary.value
    ]
    assert points == [(1, "train_loss", 0.5), (1, "validation_accuracy", 0.75), (2, "train_loss", 0.25)]
