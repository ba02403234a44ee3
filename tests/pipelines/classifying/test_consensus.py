from itertools import pairwise

import numpy as np
import pytest

from pipelines.classifying.consensus import agree, find_segments
from pipelines.consensus_params import ConsensusParams
from pipelines.inference import Inference

NAMES = ("bart", "lisa", "marge")


def frames(labels: str, confidence: float = 0.8) -> Inference:
    """`bbl?`: a letter a frame; `?` is an unknown one that looks most like marge."""
    places = {"b": 0, "l": 1, "m": 2, "?": 2}
    rows = np.full((len(labels), 3), (1 - confidence) / 2, np.float32)
    for row, letter in zip(rows, labels, strict=True):
        row[places[letter]] = confidence
    return Inference(rows, np.array([letter != "?" for letter in labels]))


def spans(labels: str, step: float = 0.2) -> list[tuple[str | None, float, float]]:
    seconds = [round(i * step, 3) for i in range(len(labels))]
    found = find_segments(NAMES, seconds, frames(labels), len(labels) * step)
    return [(each.label, round(each.start_seconds, 3), round(each.end_seconds, 3)) for each in found]


def test_the_whole_is_the_mean_of_the_known_frames() -> None:
    whole = agree(NAMES, frames("bbbl??"), top=2)

    assert (whole.answer.label, whole.answer.decision) == ("bart", "known")
    assert whole.answer.confidence == pytest.approx((3 * 0.8 + 0.1) / 4)
    assert len(whole.answer.top) == 2
    assert (whole.consensus.frames, whole.known_frames) == (6, 4)


@pytest.mark.parametrize(("labels", "agreed"), [("bbbl??", "bart"), ("bbll??", None), ("bb", None)])
def test_the_whole_is_agreed_on_by_the_policy_of_live_cameras(labels: str, agreed: str | None) -> None:
    assert agree(NAMES, frames(labels), top=1).consensus.label == agreed


def test_the_label_that_leads_comes_first_whatever_the_mean_of_probabilities_says() -> None:
    rows = np.array([[0.5, 0.45, 0.05], [0.5, 0.45, 0.05], [0.02, 0.97, 0.01]], np.float32)

    answer = agree(NAMES, Inference(rows, np.ones(3, bool)), 3, ConsensusParams(weights="none")).answer

    assert [label for label, _ in answer.top] == ["bart", "lisa", "marge"]
    assert answer.label == "bart"
    assert answer.confidence == pytest.approx(0.34, abs=0.01)


@pytest.mark.parametrize(
    ("labels", "decision"), [("?" * 5, "unknown"), ("b" + "?" * 9, "known"), ("b" + "?" * 10, "unknown")]
)
def test_a_video_is_unknown_when_fewer_than_a_tenth_of_its_frames_are_known(labels: str, decision: str) -> None:
    assert agree(NAMES, frames(labels), top=1).answer.decision == decision


def test_segments_follow_one_another_from_the_first_frame_to_the_end() -> None:
    assert spans("b" * 10 + "l" * 10) == [("bart", 0.0, 2.0), ("lisa", 2.0, 4.0)]


@pytest.mark.parametrize("labels", ["bbbbblbbbbb", "bbbbb?bbbbb", "bbbbblbbbb?"])
def test_what_is_seen_for_one_frame_makes_no_segment(labels: str) -> None:
    assert [label for label, _, _ in spans(labels)] == ["bart"]


def test_where_nothing_known_is_seen_a_segment_has_no_label() -> None:
    found = find_segments(NAMES, [float(i) for i in range(6)], frames("bb??ll"), 6.0)

    assert [(each.label, each.start_seconds, each.end_seconds) for each in found] == [
        ("bart", 0, 2),
        (None, 2, 4),
        ("lisa", 4, 6),
    ]
    assert found[1].confidence is None
    assert found[0].confidence == pytest.approx(0.8)


def test_a_single_frame_is_a_segment() -> None:
    assert spans("l") == [("lisa", 0.0, 0.2)]


def test_a_flicker_leaves_no_segment_of_less_than_half_a_second() -> None:
    labels = "".join(np.random.default_rng(2).choice(list("bbl??"), 300))

    found = spans(labels)

    assert len(found) > 3
    assert min(end - start for _, start, end in found) > 0.5 - 1e-6


@pytest.mark.parametrize("seed", range(5))
def test_segments_never_overlap_or_leave_a_gap(seed: int) -> None:
    random = np.random.default_rng(seed)
    labels = "".join(random.choice(list("bl?"), 40))

    found = spans(labels)

    assert found[0][1] == 0
    assert found[-1][2] == pytest.approx(8.0)
    assert all(one[2] == two[1] and one[0] != two[0] for one, two in pairwise(found))
