from pathlib import Path

from pipelines.datasets.drawn_mark import DRAWN_MARK
from pipelines.models.weights import IMAGENET_FILES
from pipelines.training.situation import read_situation
from tests.pipelines.training.colours import write_colours


def test_pictures_are_counted_and_weights_looked_up(tmp_path: Path) -> None:
    prepared, raw = write_colours(tmp_path / "prepared", train=6), tmp_path / "raw"
    raw.mkdir()

    without = read_situation(raw, prepared, None)
    (tmp_path / IMAGENET_FILES["mobilenet_v2"]).touch()
    found = read_situation(raw, prepared, tmp_path)

    assert (without.pictures, without.drawn, without.found["mobilenet_v2"]) == (6, False, False)
    assert found.found["mobilenet_v2"]


def test_a_drawn_sample_is_known_by_its_readme(tmp_path: Path) -> None:
    prepared, raw = write_colours(tmp_path / "prepared"), tmp_path / "raw"
    raw.mkdir()
    (raw / "README.md").write_text(f"# cars\n\n{DRAWN_MARK}\n", encoding="utf-8")

    assert read_situation(raw, prepared, None).drawn
