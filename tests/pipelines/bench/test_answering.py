from pathlib import Path

import pytest

from pipelines.bench.answering import PAIRS, build_answer_works
from pipelines.bench.model import BenchModel
from pipelines.bench.works import Work, compare_lanes, measure_works
from tests.costs import compare_cpu
from tests.pipelines.classifying.artefacts import write_colour_artefact, write_picture

COLOURS = ("red", "green", "blue")


@pytest.fixture
def works(tmp_path: Path) -> list[Work]:
    artefact = write_colour_artefact(tmp_path / "artefact")
    for number in range(24):
        colour = COLOURS[number % 3]
        write_picture(tmp_path / "pictures" / colour / f"{number}.jpg", colour, (640, 480))
    return build_answer_works(BenchModel("colours 1", artefact, "colours", 1, {}), tmp_path / "pictures")


def test_classifying_evaluating_and_the_bare_engine_say_the_same(works: list[Work], tmp_path: Path) -> None:
    lanes = measure_works(works, tmp_path, 1, lambda _line: None)

    assert {lane.name: lane.not_counted for lane in lanes if not lane.counts} == {}
    assert all(found and found.median > 0 for found in compare_lanes(lanes, PAIRS).values())


@pytest.mark.parametrize(("name", "most"), [("answer classify", 2.0), ("answer evaluate", 3.0)])
def test_a_folder_takes_little_more_than_decoder_and_engine(
    works: list[Work], name: str, most: float, tmp_path: Path
) -> None:
    """Of a network that takes next to nothing, so that all that is around it shows; an evaluation checks first."""
    once = {work.name: work.once for work in works}

    assert compare_cpu(lambda: once[name](tmp_path), lambda: once["answer engine"](tmp_path)) < most
