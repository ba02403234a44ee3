from types import SimpleNamespace
from typing import Any, cast

import pytest

from pipelines.errors import StoreError, StoreVersionError
from stream.monitoring.contacts import Contact
from stream.worker.waiting import wait_for_store


def test_a_store_that_is_away_is_waited_for_and_one_of_a_newer_version_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers: list[Exception | None] = [StoreError("full"), StoreError("still full"), None]

    def migrate() -> None:
        if (answer := answers.pop(0)) is not None:
            raise answer

    monkeypatch.setattr("random.uniform", lambda *_: 0.0)
    wait_for_store(cast(Any, SimpleNamespace(migrate=migrate)), Contact(""))
    assert answers == []

    answers.append(StoreVersionError("too new"))
    with pytest.raises(StoreVersionError):
        wait_for_store(cast(Any, SimpleNamespace(migrate=migrate)), Contact(""))
