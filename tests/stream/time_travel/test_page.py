from collections import Counter
from dataclasses import replace
from datetime import timedelta

from pipelines.settings import Settings
from stream.messages import Position
from stream.time_travel.answering import MissingFrame, Tally
from stream.time_travel.comparing import CameraChange, ChangedFrame, Comparison, LabelChange
from stream.time_travel.page import SHOWN_MISSING, build_replay_page
from stream.time_travel.replayer import Asked
from stream.time_travel.replaying import ReplayReport
from stream.time_travel.windows import ReplayWindow, Unanswered
from tests.stream.fakes import NOON, draw_jpeg

COMPARISON = Comparison(
    version=2,
    frames=10,
    compared=8,
    changed=2,
    to_unknown=1,
    to_known=0,
    live_versions=((1, 10),),
    changes=(LabelChange("<b>volvo", "bmw", 2),),
    cameras=(CameraChange("gate & door", 8, 2, -0.125),),
)
REPORT = ReplayReport(
    asked=Asked(Settings(), ReplayWindow("cars", NOON, NOON + timedelta(hours=1)), 2),
    engine="local",
    tally=Tally(kept=5, topic=3, answered=8, missing=Counter(expired=2)),
    comparison=COMPARISON,
    unanswered=Unanswered(3, 0),
    seconds=2.0,
    resumed=False,
    stopped=False,
)


def changed(offset: int) -> ChangedFrame:
    place = Position("t", 0, offset)
    return ChangedFrame(place, f"f{offset}", "gate", "ab", "<b>volvo", 0.6, 1, "known", "bmw", 0.9, "unknown")


def test_the_page_shows_the_frames_that_changed_and_says_of_how_many_the_picture_is_gone() -> None:
    page = build_replay_page(REPORT, [changed(1), changed(2)], {Position("t", 0, 1): draw_jpeg()})

    assert page.count('<div class="card">') == 1
    assert "Of 1 the picture is gone." in page
    assert "2 no longer on the topic" in page
    assert "3 dead letters" in page
    assert "75.0%" in page


def test_the_page_names_the_frames_that_were_gone_and_counts_the_rest() -> None:
    tally = Tally()
    for number in range(SHOWN_MISSING + 3):
        frame = MissingFrame(f"<i>f{number}", "gate & door", NOON + timedelta(seconds=number), "expired")
        tally.missing_frames.append(frame)
        tally.missing["expired"] += 1

    page = build_replay_page(replace(REPORT, tally=tally), [], {})

    assert "Not asked again: 203" in page
    assert (page.count("<td>no longer on the topic</td>"), "And 3 more" in page) == (SHOWN_MISSING, True)
    assert "<i>f" not in page
    assert "Not asked again:" not in build_replay_page(replace(REPORT, tally=Tally()), [], {})


def test_labels_and_cameras_are_text_and_no_markup() -> None:
    page = build_replay_page(REPORT, [changed(1)], {Position("t", 0, 1): draw_jpeg()})

    assert "<b>volvo" not in page
    assert "gate &amp; door" in page


def test_a_picture_that_cannot_be_shown_leaves_its_card_out() -> None:
    assert '<div class="card">' not in build_replay_page(REPORT, [changed(1)], {Position("t", 0, 1): b"rubble"})
