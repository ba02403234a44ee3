from dataclasses import replace
from pathlib import Path

from pipelines.classifying.consensus import Segment, WholeVideo
from pipelines.classifying.pictures import PictureAnswer
from pipelines.classifying.telling import CSV_COLUMNS, csv_rows, describe, lines
from pipelines.classifying.videos import FrameAnswer, VideoAnswer
from pipelines.consensus.voting import Consensus
from pipelines.inference import Answer

RED = Answer("red", 0.75, (("red", 0.75), ("blue", 0.25)), "known")
GREY = Answer("red", 0.4, (("red", 0.4),), "unknown")
VIDEO = VideoAnswer(
    path="/a.mp4",
    frames=(FrameAnswer(0.0, RED), FrameAnswer(0.2, GREY)),
    whole=WholeVideo(RED, Consensus("red", 0.75, 2, "red", 0.625), 1),
    segments=(Segment("red", 0.75, 0.0, 0.2, 1), Segment(None, None, 0.2, 0.4, 1)),
    duration_seconds=0.4,
)


def test_a_picture_is_an_element_with_the_keys_of_the_contract() -> None:
    assert list(describe(PictureAnswer("/a.jpg", RED, heatmap=Path("/m.jpg")), 4)) == [
        {
            "path": "/a.jpg",
            "kind": "picture",
            "label": "red",
            "confidence": 0.75,
            "top": [["red", 0.75], ["blue", 0.25]],
            "decision": "known",
            "model_version": 4,
            "heatmap": "/m.jpg",
        }
    ]


def test_every_element_has_these_keys_whatever_happened() -> None:
    broken = VideoAnswer("/b.mp4", (), None, (), 0.0, error="broken")
    for answered in (PictureAnswer("/a.jpg", None, "broken"), PictureAnswer("/a.jpg", RED), VIDEO, broken):
        for element in describe(answered, 4):
            assert {"path", "kind", "label", "confidence", "top", "decision", "model_version"} <= set(element)
            assert ("error" in element) == (element["label"] is None)


def test_a_video_is_its_frames_and_then_the_whole() -> None:
    first, second, whole = describe(VIDEO, 4)

    assert [first["time_seconds"], second["time_seconds"]] == [0.0, 0.2]
    assert "time_seconds" not in whole
    assert (whole["label"], whole["confidence"]) == ("red", 0.75)
    assert whole["consensus"] == {
        "label": "red",
        "confidence": 0.75,
        "decision": "known",
        "share": 0.625,
        "frames": 2,
        "known_frames": 1,
        "policy": {
            "version": 2,
            "window_seconds": 1.0,
            "agreement": 0.4,
            "min_confidence": 0.5,
            "min_frames": 3,
            "weights": "confidence",
            "least_segment_seconds": 0.5,
            "least_known_share": 0.1,
        },
    }
    assert [(each["label"], each["start_seconds"], each["end_seconds"]) for each in whole["segments"]] == [
        ("red", 0.0, 0.2),
        (None, 0.2, 0.4),
    ]


def test_rows_of_csv_hold_the_segments_too() -> None:
    rows = [row for element in describe(VIDEO, 4) for row in csv_rows(element)]

    assert [row[0] for row in rows] == ["frame", "frame", "video", "segment", "segment"]
    assert all(len(row) == len(CSV_COLUMNS) for row in rows)
    assert rows[3] == ["segment", "/a.mp4", 0.0, 0.2, "red", 0.75, "known", 4, None, None]
    assert rows[4] == ["segment", "/a.mp4", 0.2, 0.4, None, None, "unknown", 4, None, None]


def test_a_person_reads_one_line_a_picture_and_one_a_stretch() -> None:
    assert list(lines(PictureAnswer("/a.jpg", RED))) == ["/a.jpg  red 75.0%  (blue 25.0%)"]
    assert list(lines(PictureAnswer("/a.jpg", GREY))) == ["/a.jpg  unknown, nearest red 40.0%"]
    assert list(lines(PictureAnswer("/a.jpg", None, "broken"))) == []
    assert list(lines(VIDEO)) == [
        "/a.mp4  red 75.0%  (blue 25.0%)  1 of 2 frames known",
        "       0.0 to      0.2 s  red 75.0%",
        "       0.2 to      0.4 s  unknown",
    ]
    split = replace(VIDEO, whole=WholeVideo(RED, Consensus(None, None, 2, "red", 0.4), 1))
    assert next(lines(split)) == "/a.mp4  red 75.0%  (blue 25.0%)  1 of 2 frames known, not agreed"
