import json
import subprocess
import sys
import textwrap

import pytest

from pipelines.training.devices import choose_precision
from pipelines.training.params import TrainPlan


def test_sixteen_bits_are_for_gpus_that_have_an_arithmetic_of_their_own_for_them() -> None:
    assert choose_precision(TrainPlan(), []) == "float32"
    assert choose_precision(TrainPlan(), [(6, 1)]) == "float32"
    assert choose_precision(TrainPlan(), [None]) == "float32"
    assert choose_precision(TrainPlan(), [(8, 0), (7, 0)]) == "mixed_float16"
    assert choose_precision(TrainPlan(), [(8, 0), (6, 1)]) == "float32"
    assert choose_precision(TrainPlan(precision="float32"), [(9, 0)]) == "float32"


TWO_DEVICES = """
    import json
    import tensorflow as tf

    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)

    import keras

    from pipelines.models.contract import build_head
    from pipelines.training.batches import ChangedPictures
    from pipelines.training.devices import spread_over
    from pipelines.training.fitting import Held, fit_learner
    from pipelines.training.params import TrainPlan
    from tests.pipelines.training.colours import draw_colours

    plan = TrainPlan(image_size=32, epochs=8, batch_size=8, learning_rate=0.1, keep="last")
    train, validation = draw_colours(32), draw_colours(8)
    keras.utils.set_random_seed(1)
    with spread_over(["CPU:0", "CPU:1"]):
        pixels = keras.Input((32, 32, 3))
        scaled = keras.layers.Rescaling(1 / 255)(pixels)
        features = keras.layers.GlobalAveragePooling2D()(scaled)
        model = keras.Model(pixels, build_head(features, 2, 0.0, 1))
        held = Held(validation.images, validation.labels)
        epochs = fit_learner(model, ChangedPictures(train, plan), held, plan, lambda _: None)
    copies = {value.device for value in model.trainable_variables[0].value.values}
    print(json.dumps([len(copies), epochs[-1].validation_accuracy, [epoch.loss for epoch in epochs]]))
"""


@pytest.mark.integration
def test_a_model_with_a_copy_on_each_of_two_devices_learns() -> None:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(TWO_DEVICES)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr[-2000:]
    copies, accuracy, losses = json.loads(done.stdout.splitlines()[-1])
    assert copies == 2
    assert accuracy == 1.0
    assert losses[-1] < losses[0]
