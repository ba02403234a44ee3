from dataclasses import replace
from pathlib import Path

from stream.store import PredictionStore
from stream.tracing.traces import trace_model
from stream.tracing.words import Section, draw_tree, tell_frame_trace, tell_model_trace
from tests.pipelines.test_ancestry import FakeRegistry
from tests.stream.tracing.test_traces import ANSWER, book_of, trace
from tests.stream.tracing.test_traces import store as store
from tests.stream.tracing.test_traces import workspace as workspace


def test_the_chain_goes_from_the_frame_to_the_training_pictures(store: PredictionStore, workspace: Path) -> None:
    store.store_batch([ANSWER], [])

    tree = draw_tree(tell_frame_trace(trace(store, workspace)))

    links = [line.split()[1] for line in tree.splitlines() if line[0] in "├└"]
    assert links == ["frame", "prediction", "model", "run", "code", "dataset", "nearest", "notes"]
    assert "bmw/1.jpg, from holiday/1.jpg" in tree
    assert "cars says Volvo, 75.0%, known" in tree


def test_the_consensus_is_told_where_there_was_one(store: PredictionStore, workspace: Path) -> None:
    asked = replace(ANSWER, consensus_frames=5, consensus_policy="2-a7257ead")

    store.store_batch([ANSWER], [])
    found = trace(store, workspace)

    answers = (ANSWER, asked, replace(asked, consensus_label="Volvo", consensus_confidence=0.7))
    trees = [draw_tree(tell_frame_trace(replace(found, prediction=answer))) for answer in answers]

    assert "consensus" not in trees[0]
    assert "undecided, 5 frames, policy 2-a7257ead" in trees[1]
    assert "Volvo 70.0%, 5 frames, policy 2-a7257ead" in trees[2]


def test_a_version_that_never_served_is_told_too(store: PredictionStore, workspace: Path) -> None:
    tree = draw_tree(tell_model_trace(trace_model(store, FakeRegistry(), book_of(store), workspace, "cars", 2)))

    assert "took over from no version" in tree
    assert "0 predictions" in tree


def test_branches_hang_on_their_link() -> None:
    tree = draw_tree([Section("a", "first", (("x", "1"), ("long", "2"))), Section("b", "second", (("y", "3"),))])

    assert tree.splitlines() == [
        "├─ a           first",
        "│  ├─ x     1",
        "│  └─ long  2",
        "└─ b           second",
        "   └─ y  3",
    ]
