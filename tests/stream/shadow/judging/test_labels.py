from pathlib import Path

import pytest

from pipelines.errors import DatasetError
from stream.messages import Position
from stream.shadow.judging.answers import Disagreement
from stream.shadow.judging.labels import judge_labels, load_labels, write_frames_to_label
from tests.stream.fakes import NOON

FRAME = Disagreement(Position("t", 0, 1), "a,b", "gate", "ab" * 32, NOON, "Volvo", 0.9, "Saab", 0.8)


def write(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "labels.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_what_was_written_to_be_labelled_is_read_once_it_is(tmp_path: Path) -> None:
    text = write_frames_to_label([FRAME])
    assert text.splitlines() == [
        "frame_id,label,camera_id,captured_at,production,challenger",
        '"a,b",,gate,2025-06-01T12:00:00+00:00,Volvo,Saab',
    ]

    assert load_labels(write(tmp_path, text.replace('"a,b",,', '"a,b",Saab,'))) == {"a,b": "Saab"}


def test_rows_without_a_label_are_left_out_and_spaces_do_not_count(tmp_path: Path) -> None:
    assert load_labels(write(tmp_path, "frame_id,label\nf1, Volvo \nf2,\nf1,Volvo\n")) == {"f1": "Volvo"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no frame_id and no label"),
        ("frame_id,class\nf1,Volvo\n", "no label"),
        ("frame_id,label\nf1,Volvo\nf1,Saab\n", "one label for frame 'f1'"),
        ("frame_id,label\nf1,\n", "found none"),
    ],
)
def test_a_file_that_decides_nothing_is_refused_in_a_line(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(DatasetError, match=words):
        load_labels(write(tmp_path, text))


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "picture.csv").write_bytes(b"\xff\xd8\xff")
    for file in (tmp_path / "none.csv", tmp_path / "picture.csv", tmp_path):
        with pytest.raises(DatasetError, match="Expected a CSV"):
            load_labels(file)


def test_only_frames_that_both_answered_are_judged() -> None:
    labels = {"f1": "Saab", "f2": "Volvo", "f3": "unknown", "f4": "Saab"}
    answers = {"f1": ("Volvo", "Saab"), "f2": ("Volvo", "Volvo"), "f3": ("unknown", "Volvo"), "f9": ("Saab", "Volvo")}

    found = judge_labels(labels, answers)

    assert (found.labelled, found.found, found.better, found.worse) == (4, 3, 1, 1)
    assert (found.production_right, found.challenger_right) == (2, 2)
    assert found.p_value == 1.0
