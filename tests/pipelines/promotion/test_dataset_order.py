from datetime import UTC, datetime, timedelta

import pytest

from pipelines.datasets.history import RecordedVersion
from pipelines.promotion.dataset_order import order_datasets

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
TRAINED = {"old": NOON, "new": NOON + timedelta(days=1), "elsewhere": NOON + timedelta(hours=1)}


def recorded(*newest_first: str) -> list[RecordedVersion]:
    return [RecordedVersion("c0ffee", NOON, md5, "a version") for md5 in newest_first]


@pytest.mark.parametrize(
    ("ours", "theirs", "relation"), [("new", "old", "newer"), ("old", "new", "older"), ("old", "old", "same")]
)
def test_the_history_of_the_workspace_says_which_dataset_is_older(ours: str, theirs: str, relation: str) -> None:
    order = order_datasets(ours, theirs, recorded("new", "between", "old"), TRAINED)

    assert order.relation == relation


def test_a_dataset_that_a_revert_brought_back_is_the_newest() -> None:
    history = recorded("old", "new", "old")

    assert order_datasets("old", "new", history, TRAINED).relation == "newer"
    assert order_datasets("new", "old", history, TRAINED).relation == "older"


@pytest.mark.parametrize(("ours", "theirs", "relation"), [("new", "elsewhere", "newer"), ("old", "elsewhere", "older")])
def test_a_dataset_that_was_never_committed_here_is_ordered_by_when_it_was_first_trained(
    ours: str, theirs: str, relation: str
) -> None:
    order = order_datasets(ours, theirs, recorded("new", "old"), TRAINED)

    assert order.relation == relation
    assert "elsewher is not in this workspace's git history" in order.how_known
