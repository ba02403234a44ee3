"""Spoiled versions while frames come: the real worker, a real Kafka and a real MLflow server that dies."""

from pathlib import Path

import pytest

from docs.measure_candidates import measure_candidates
from tests.stream.models.hostile import HOSTILE

CHOSEN = ("a link out of the artefact", "other answers to the golden pictures", "an artefact that is gone")


@pytest.mark.integration
def test_the_old_version_serves_on_whatever_the_alias_is_moved_to(tmp_path: Path) -> None:
    report = measure_candidates(tmp_path, [each for each in HOSTILE if each.name in CHOSEN], fps=20)

    assert [each.name for each in report.refused] == [
        *(each.name for each in HOSTILE if each.name in CHOSEN),
        "the registry dies while an artefact comes",
    ]
    for each in report.refused:
        assert (each.expected, each.told, each.left) == (True, 1, ()), each
        assert "version 1 goes on serving" in each.status
    assert (report.lost, report.doubled, report.strangers) == (0, 0, 0)
    assert report.back_after is not None
