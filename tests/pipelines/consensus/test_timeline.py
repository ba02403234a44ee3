import json
from pathlib import Path

import pytest

from pipelines.consensus.timeline import label_at, label_whole, read_timeline
from pipelines.errors import DatasetError

NAMES = ("bart", "lisa")
HEAD = "start_seconds,end_seconds,label\n"


def test_spans_come_in_the_order_of_time_with_whatever_else_the_table_holds(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_text("label,start_seconds,end_seconds,who\nlisa,2, 4,me\nbart,0,2,me\n", encoding="utf-8-sig")

    spans = read_timeline(file, NAMES)

    assert [(span.start_seconds, span.end_seconds, span.label) for span in spans] == [(0, 2, "bart"), (2, 4, "lisa")]
    assert [label_at(spans, at) for at in (0, 1.99, 2, 3.9, 4)] == [0, 0, 1, 1, None]


def test_the_timeline_beside_a_drawn_video_is_read_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "a.timeline.json"
    file.write_text(json.dumps([{"from_seconds": 0.5, "to_seconds": 2, "label": "bart"}]), encoding="utf-8")

    (span,) = read_timeline(file, NAMES)

    assert (span.start_seconds, span.end_seconds, span.label) == (0.5, 2.0, "bart")


def test_one_label_may_hold_from_the_beginning_to_the_end() -> None:
    assert label_at(label_whole("lisa", NAMES), 1e6) == 0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "first line lacks start_seconds, end_seconds, label"),
        ("start_seconds,label\n0,bart\n", "first line lacks end_seconds"),
        (HEAD, "at least one span"),
        (HEAD + "0,2,homer\n", "a label that the model knows (bart, lisa), received 'homer' in line 2 of"),
        (HEAD + "0,2,\n", "received '' in line 2"),
        (HEAD + "0,x,bart\n", "received '0' to 'x' in line 2 of"),
        (HEAD + "2,2,bart\n", "received '2' to '2'"),
        (HEAD + "-1,2,bart\n", "seconds from 0 on"),
        (HEAD + "nan,2,bart\n", "received 'nan' to '2'"),
        (HEAD + "0,2\n", "received '' in line 2"),
        (HEAD + "0,3,bart\n2,4,lisa\n", "line 2 ends at 3 s and line 3 begins at 2 s"),
        (HEAD + "\xff\x00", "label"),
    ],
)
def test_a_wrong_timeline_is_answered_in_one_line(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "labels.csv"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(DatasetError) as error:
        read_timeline(file, NAMES)

    assert says in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["{}", "[1]", "no json", '[{"from_seconds": 0}]'])
def test_a_wrong_json_timeline_is_answered_in_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text, encoding="utf-8")

    with pytest.raises(DatasetError, match="Expected"):
        read_timeline(tmp_path / "a.json", NAMES)


def test_a_timeline_that_is_not_there_or_is_no_text_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(DatasetError, match=r"No such file or directory\. Correct --labels"):
        read_timeline(tmp_path / "gone.csv", NAMES)
    with pytest.raises(DatasetError, match="Expected CSV with the columns"):
        read_timeline(tmp_path / "a.csv", NAMES)


def test_a_label_for_the_whole_that_the_model_does_not_know_is_said() -> None:
    with pytest.raises(DatasetError, match="received 'homer' in --label"):
        label_whole("homer", NAMES)
