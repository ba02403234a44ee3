from pathlib import Path

import pytest

from pipelines.lookup.facts import RegisteredVersion
from stream.models.versions import Refusal, Versions, should_load
from tests.stream.fakes import (
    FakeRegistry,
)


def version(number: int, folder: Path) -> RegisteredVersion:
    return FakeRegistry(folder / "registry.json").version("cars", number)


@pytest.mark.parametrize(
    ("refusal", "loads"),
    [
        (None, True),
        (Refusal(4, 1, retry_at=100.5), False),
        (Refusal(4, 1, retry_at=99.5), True),
        (Refusal(3, 1, retry_at=100.5), True),
    ],
)
def test_a_version_is_loaded_unless_it_was_just_refused(refusal: Refusal | None, loads: bool, tmp_path: Path) -> None:
    assert should_load(version(4, tmp_path), Versions(refusal=refusal), now=100.0) is loads
