from pathlib import Path

import pytest

from pipelines.classifying.pictures import Pool
from pipelines.consensus.evaluating import VideoEvaluation, describe_evaluation, evaluate_video, tell_evaluation
from pipelines.consensus.page import build_video_page
from pipelines.consensus.timeline import Span
from pipelines.consensus_params import ConsensusParams
from pipelines.errors import DatasetError, VideoError
from tests.pipelines.classifying.artefacts import write_video

POLICY = ConsensusParams(window_seconds=1.0, min_frames=3, agreement=0.6, weights="none")
SPANS = (Span(0, 3, "red", "line 2"), Span(3, 6, "blue", "line 3"))


@pytest.fixture
def evaluation(pool: Pool, tmp_path: Path) -> VideoEvaluation:
    file = write_video(tmp_path / "a.mp4", ["red"] * 3 + ["blue"] * 2 + ["green"] + ["grey"])
    return evaluate_video(pool, str(file), SPANS, 10, POLICY, print)


def test_a_video_is_judged_by_frames_and_by_consensus_where_it_is_labelled(evaluation: VideoEvaluation) -> None:
    document = describe_evaluation(evaluation)

    assert document["frames"] == 70
    assert document["frame_level"]["frames"] == document["consensus"]["frames"] == 60
    assert document["frame_level"]["accuracy"] == pytest.approx(50 / 60)
    assert document["frame_level"]["wrong"] == pytest.approx(10 / 60)
    # green is shown for a second in a span of blue: it wins, a little late
    assert 3 <= document["consensus"]["wrong"] * 60 <= 5 + 4
    assert document["consensus"]["delay_seconds"] == pytest.approx((0.2 + 0.5) / 2, abs=0.06)
    assert document["consensus"]["missed_spans"] == 0
    assert document["best"] in document["alternatives"]
    assert document["consensus"]["policy"]["window_seconds"] == 1.0


def test_a_person_reads_a_table_with_the_best_marked(
    evaluation: VideoEvaluation, capsys: pytest.CaptureFixture[str]
) -> None:
    tell_evaluation(evaluation)

    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("frames by themselves")
    assert lines[2].startswith("policy 2-")
    assert sum("<- best" in line for line in lines) == 1
    assert sum("<- params.yaml" in line for line in lines) == 1
    assert len(lines) == 5 + 24


def test_the_page_draws_the_video_and_asks_nobody(evaluation: VideoEvaluation) -> None:
    page = build_video_page("colours <version 4>", evaluation)

    assert "colours &lt;version 4&gt;" in page
    assert "https://" not in page
    assert page.count("<title>red</title>") == page.count("<title>blue</title>") == 1
    assert page.count('<span class="badge good">best</span>') == 1
    assert {"right", "wrong", "none"} <= {part.split("</title>")[0] for part in page.split("<title>")[2:]}


def test_labels_that_cover_no_frame_are_refused(pool: Pool, tmp_path: Path) -> None:
    file = write_video(tmp_path / "a.mp4", ["red"])

    with pytest.raises(DatasetError, match=r"which ends after 1\.0 s; the first span begins at 90 s"):
        evaluate_video(pool, str(file), (Span(90, 99, "red", "line 2"),), 10, POLICY, print)


def test_a_file_that_is_no_video_is_refused(pool: Pool, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("words", encoding="utf-8")

    with pytest.raises(VideoError, match=r"a\.mp4: Expected a video file"):
        evaluate_video(pool, str(tmp_path / "a.mp4"), SPANS, 10, POLICY, print)


def test_a_policy_that_can_never_agree_at_this_rate_is_said(pool: Pool, tmp_path: Path) -> None:
    said: list[str] = []
    file = write_video(tmp_path / "a.mp4", ["red"])

    evaluation = evaluate_video(pool, str(file), SPANS, 2, POLICY, said.append)

    assert said == [
        "policy 2 can never agree at 2 frames a second: windows of 1 s hold 2, and consensus.min_frames is 3"
    ]
    assert evaluation.chosen.score.undecided == 1
