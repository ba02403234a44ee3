from pipelines.stages.train import draw_progress
from pipelines.training.epochs import Epoch


def test_progress_shows_a_bar_the_figures_and_the_time_left() -> None:
    line = draw_progress(Epoch(3, 12, 0.98, 0.65, 1.1, 0.69, 57.4))

    assert line.startswith("[█████···············] epoch 3/12")
    assert "validation 0.690" in line
    assert line.endswith("57 s left")
