import os
import re
from pathlib import Path

import numpy as np
import pytest

from pipelines.errors import ModelError
from pipelines.own_models.child import open_in_child, run_child
from pipelines.own_models.draft import NETWORK_FILE
from tests.pipelines.own_models.hostile import HOSTILE, WEIGHTS, Build
from tests.pipelines.own_models.onnx_writer import write_pooled_classifier


@pytest.mark.parametrize(("build", "reason"), HOSTILE, ids=[build.__name__ for build, _ in HOSTILE])
def test_a_hostile_file_is_refused_with_its_reason_and_the_canary_lives(
    tmp_path: Path, build: Build, reason: str
) -> None:
    canary = tmp_path / "canary"
    canary.write_text("alive")
    file = build(tmp_path, f"echo dead > {canary}")
    folder = tmp_path / "child"
    folder.mkdir()

    with pytest.raises(ModelError) as error:
        open_in_child(file, folder, 2, None)

    assert reason in str(error.value)
    assert "\n" not in str(error.value)
    assert str(error.value).startswith("Expected ")
    assert canary.read_text() == "alive"
    assert not (folder / NETWORK_FILE).exists()


def test_the_canary_would_die_if_the_file_were_trusted(tmp_path: Path) -> None:
    """A hostile file that is none proves nothing."""
    import pickle

    from tests.pipelines.own_models.hostile import pickle_renamed

    canary = tmp_path / "canary"
    file = pickle_renamed(tmp_path, f"echo dead > {canary}")

    pickle.loads(file.read_bytes())  # noqa: S301 - it is ours

    assert canary.read_text() == "dead\n"


def test_an_onnx_file_becomes_a_network_without_its_softmax(tmp_path: Path) -> None:
    file = write_pooled_classifier(tmp_path / "model.onnx", WEIGHTS)
    (tmp_path / "child").mkdir()

    draft = open_in_child(file, tmp_path / "child", 2, None)

    assert (draft.kind, draft.layout, draft.image_size, draft.head_size) == ("onnx", "NCHW", 16, 2)
    assert (draft.activation, draft.scales_itself) == ("softmax", False)
    assert draft.features == "what the last dense layer sees"
    assert (tmp_path / "child" / NETWORK_FILE).is_file()


def test_a_head_of_another_size_is_told_and_no_network_is_left(tmp_path: Path) -> None:
    file = write_pooled_classifier(tmp_path / "model.onnx", np.ones((3, 5)))
    (tmp_path / "child").mkdir()

    draft = open_in_child(file, tmp_path / "child", 2, None)

    assert draft.head_size == 5
    assert not (tmp_path / "child" / NETWORK_FILE).exists()


def test_the_child_sees_nothing_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://somewhere")

    run_child("tests.pipelines.own_models.telling", tmp_path, {})

    seen = (tmp_path / "environment.txt").read_text().split()
    assert {"AWS_SECRET_ACCESS_KEY", "MLFLOW_TRACKING_URI"} & set(seen) == set()
    assert set(seen) & {"PATH", "HOME", "TMPDIR"} == {"PATH", "HOME", "TMPDIR"}


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        ("memory", "fits into memory"),
        ("crash", "died of SIGSEGV"),
        ("large_file", "the library says: [Errno 27] File too large"),
        ("descriptors", "Too many open files"),
        ("system", "a model may not do os.system"),
        ("process", "a model may not do subprocess.Popen"),
        ("network", "a model may not do socket.getaddrinfo"),
        ("write", "a model may not write"),
        ("remove", "a model may not do os.remove"),
        ("unpickle", "a model may not do pickle.find_class"),
    ],
)
def test_what_the_walls_hold_back_becomes_one_line(tmp_path: Path, harm: str, words: str) -> None:
    canary = tmp_path / "canary"
    canary.write_text("alive")
    (tmp_path / "child").mkdir()

    with pytest.raises(ModelError, match=re.escape(words)):
        run_child("tests.pipelines.own_models.harming", tmp_path / "child", {"harm": harm, "canary": str(canary)})

    assert canary.read_text() == "alive"


def test_a_model_that_takes_too_long_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.own_models.child.DEADLINE_SECONDS", 0.5)

    with pytest.raises(ModelError, match=r"opens within 0\.5 s"):
        run_child("tests.pipelines.own_models.harming", tmp_path, {"harm": "wait", "canary": os.devnull})


def test_a_child_stands_back_behind_its_parent_when_it_is_told_to(tmp_path: Path) -> None:
    harmless = {"harm": "nothing", "canary": ""}
    run_child("tests.pipelines.own_models.harming", tmp_path, harmless, niceness=3)

    assert int((tmp_path / "niceness").read_text()) == min(os.getpriority(os.PRIO_PROCESS, 0) + 3, 19)
