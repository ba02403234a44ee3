import shutil
from pathlib import Path

import pytest

from pipelines.errors import ParamsError
from pipelines.params import add_dataset, load_params, propose_params, set_params
from tests.tree import ROOT

TEXT = """\
# a comment of the user
datasets: []
classifiers:
  cars:
    train:
      epochs: 12  # as long as it takes
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "params.yaml").write_text(TEXT, encoding="utf-8")
    return tmp_path


def test_the_shipped_file_is_valid_and_writes_every_key_out() -> None:
    """DVC tracks only keys that are in the file."""
    params = load_params(Path(__file__).parents[2])

    assert set(params.classifiers) == {"cars", "cats_dogs", "celebrities", "simpsons"}
    for section in params.classifiers.values():
        assert section.model_fields_set == set(type(section).model_fields)
        assert section.train.model_fields_set == set(type(section.train).model_fields)


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        ("epochs: 12", "epoch: 12", "classifiers.cars.train.epoch: unknown key"),
        ("epochs: 12", "epochs: 0", "classifiers.cars.train.epochs"),
        ("epochs: 12", "epochs: many", "received 'many'"),
        ("  cars:", "  Cars And More:", "Cars And More"),
        ("datasets: []", "datasets: [", "Expected YAML"),
    ],
)
def test_a_wrong_key_or_value_is_named_with_its_path(workspace: Path, before: str, after: str, named: str) -> None:
    (workspace / "params.yaml").write_text(TEXT.replace(before, after), encoding="utf-8")

    with pytest.raises(ParamsError, match=r"params\.yaml") as error:
        load_params(workspace)

    assert named in str(error.value)


def test_split_shares_must_add_up_to_one(workspace: Path) -> None:
    with pytest.raises(ParamsError, match=r"add up to 1, received 1\.2"):
        set_params(workspace, "cars", {"prepare.splits.test": "0.35"})


def test_an_unknown_classifier_is_answered_with_those_known(workspace: Path) -> None:
    with pytest.raises(ParamsError, match=r"\(cars\), received 'boats'"):
        load_params(workspace).classifier("boats")


def test_setting_a_value_keeps_comments_and_says_what_changed(workspace: Path) -> None:
    changed = set_params(workspace, "cars", {"train.epochs": "3", "train.seed": "7"})

    assert changed == {"train.epochs": (12, 3)}
    text = (workspace / "params.yaml").read_text(encoding="utf-8")
    assert "# a comment of the user" in text
    assert "epochs: 3" in text


def test_an_invalid_value_changes_nothing(workspace: Path) -> None:
    with pytest.raises(ParamsError, match=r"train\.epochs"):
        set_params(workspace, "cars", {"train.epochs": "-1"})

    assert (workspace / "params.yaml").read_text(encoding="utf-8") == TEXT


def test_a_key_below_a_value_is_refused_in_words(workspace: Path) -> None:
    with pytest.raises(ParamsError, match=r"train\.epochs\.more"):
        set_params(workspace, "cars", {"train.epochs.more": "1"})


def test_a_new_dataset_gets_a_section_written_out_in_full(workspace: Path) -> None:
    add_dataset(workspace, "boats")

    params = load_params(workspace)
    assert params.datasets == ("boats",)
    assert "learning_rate" in (workspace / "params.yaml").read_text(encoding="utf-8")


def test_a_proposal_is_a_diff_of_the_lines_that_change_and_writes_nothing(workspace: Path) -> None:
    proposed = propose_params(workspace, "cars", {"train.epochs": "3"})

    lines = proposed.splitlines()
    assert lines[:2] == ["--- a/params.yaml", "+++ b/params.yaml"]
    assert [line.split()[:3] for line in lines[2:] if line[0] in "+-"] == [
        ["-", "epochs:", "12"],
        ["+", "epochs:", "3"],
    ]
    assert (workspace / "params.yaml").read_text(encoding="utf-8") == TEXT
    assert propose_params(workspace, "cars", {"train.epochs": "12"}) == ""


def test_a_change_of_the_shipped_file_leaves_every_other_line_as_it_is(tmp_path: Path) -> None:
    shutil.copy(ROOT / "params.yaml", tmp_path)
    before = (ROOT / "params.yaml").read_text(encoding="utf-8").splitlines()

    set_params(tmp_path, "cars", {"train.epochs": "3"})

    after = (tmp_path / "params.yaml").read_text(encoding="utf-8").splitlines()
    assert [line for line in after if line not in before] == ["      epochs: 3"]
    assert len(after) == len(before)
