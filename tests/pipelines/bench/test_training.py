from pathlib import Path

import pytest

from pipelines.bench.pictures import draw_pictures
from pipelines.bench.training import PAIRS, build_scene, measure_training
from pipelines.bench.works import compare_lanes

pytestmark = pytest.mark.integration  # TensorFlow takes seconds to import


def test_the_trunk_says_what_keras_says_for_less_and_an_epoch_costs_little_more_than_fit(tmp_path: Path) -> None:
    """The bounds are wide: epochs of so few pictures are mostly Keras's own beginning and end."""
    scene = build_scene("mobilenet_v2", None, draw_pictures((320, 240), 32), tmp_path)

    lanes = measure_training(scene, 3, lambda _line: None)

    assert {lane.name: lane.not_counted for lane in lanes if not lane.counts} == {}
    ratios = compare_lanes(lanes, PAIRS)
    trunk, epoch = (
        ratios[f"{name} ours_over_{name} keras_in_cpu_time".replace(" ", "_")] for name in ("trunk", "epoch")
    )
    assert trunk is not None
    assert epoch is not None
    assert trunk.median < 0.9
    assert epoch.median < 3  # single rounds are 1.5 to 2.2
