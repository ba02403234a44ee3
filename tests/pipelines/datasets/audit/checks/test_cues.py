from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pipelines.datasets.audit.audited import AuditedDataset
from pipelines.datasets.audit.checks.cues import find_spurious_cue, judge_cues
from tests.pipelines.datasets.audit.made import ORDINARY, make_dataset, make_rows


def make_varied(*, planted: str = "", classes: int = 4, a_class: int = 60, **params: Any) -> AuditedDataset:
    """Pictures that differ as photographs do; `planted` changes those of class c0."""
    rng = np.random.default_rng(3)
    rows, measures = [], {}
    for row in make_rows(**{f"c{place}": a_class for place in range(classes)}):
        portrait = rng.random() < 0.3
        size = (240, 320) if portrait else (320, int(rng.choice([180, 213, 240])))
        measured = replace(
            ORDINARY,
            size_bytes=int(rng.lognormal(10, 0.4)),
            border_red=rng.uniform(0.1, 0.9),
            border_green=rng.uniform(0.1, 0.9),
            border_blue=rng.uniform(0.1, 0.9),
            border_spread=rng.uniform(0.05, 0.3),
        )
        if row.label == "c0" and planted == "aspect":
            width = int(rng.integers(180, 360))
            size = (width, round(width * 0.95))
        if row.label == "c0" and planted == "border":
            measured = replace(measured, border_red=1.0, border_green=1.0, border_blue=1.0, border_spread=0.01)
        if row.label == "c0" and planted == "file size":
            measured = replace(measured, size_bytes=int(rng.lognormal(7, 0.3)))
        rows.append(replace(row, width=size[0], height=size[1]))
        measures[row.path] = measured
    return make_dataset(rows, measures, **params)


@pytest.mark.parametrize("planted", ["aspect", "border", "file size"])
@pytest.mark.parametrize("classes", [2, 24])
def test_a_planted_cue_is_found_with_its_class(planted: str, classes: int) -> None:
    evidence = find_spurious_cue(make_varied(planted=planted, classes=classes))

    assert evidence is not None
    assert "c0" in evidence.classes
    assert any(note.startswith(f"c0, {planted}") for note in evidence.notes) or planted == "file size"
    assert len(evidence.classes) <= 2


@pytest.mark.parametrize("classes", [2, 24])
def test_photographs_without_a_cue_make_no_finding(classes: int) -> None:
    dataset = make_varied(classes=classes)

    assert find_spurious_cue(dataset) is None
    assert max(each.excess for each in judge_cues(dataset)) < 0.15


def test_the_margin_is_a_parameter() -> None:
    assert find_spurious_cue(make_varied(planted="border", cue_margin=0.99)) is None


def test_a_cue_seen_on_a_handful_of_pictures_is_not_believed() -> None:
    assert find_spurious_cue(make_varied(planted="border", classes=2, a_class=4)) is None


def test_copies_of_a_picture_do_not_answer_for_each_other() -> None:
    """Groups stay on one side: else a tree that has seen the copy would know the label by heart."""
    rng = np.random.default_rng(5)
    rows = make_rows(cat=60, dog=60)
    rows = [replace(row, group=f"{rng.integers(2**52):013x}".ljust(64, "0")) for row in rows]
    rows = [replace(row, group=rows[place // 10 * 10].group) for place, row in enumerate(rows)]
    sizes = rng.integers(10_000, 90_000, len(rows) // 10)
    measures = {row.path: replace(ORDINARY, size_bytes=int(sizes[place // 10])) for place, row in enumerate(rows)}

    assert find_spurious_cue(make_dataset(rows, measures)) is None


def test_the_sentence_compares_the_class_with_the_others() -> None:
    evidence = find_spurious_cue(make_varied(planted="border"))

    assert evidence is not None
    assert "c0 can be told by the border alone" in evidence.message
    assert "contrast 0.01 along the border against" in evidence.message


def test_a_single_class_has_nothing_to_be_told_from() -> None:
    assert find_spurious_cue(make_dataset(make_rows(cat=30))) is None
