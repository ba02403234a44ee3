import pytest

from flows.foreground import parse_changes
from pipelines.errors import ParamsError


def test_changes_are_pairs_and_a_value_may_hold_an_equals_sign() -> None:
    assert parse_changes(["train.epochs=3", "train.weights=a=b"]) == {"train.epochs": "3", "train.weights": "a=b"}


@pytest.mark.parametrize("change", ["train.epochs", "=3", ""])
def test_a_change_without_key_or_equals_sign_is_refused(change: str) -> None:
    with pytest.raises(ParamsError, match="KEY=VALUE"):
        parse_changes([change])
