from pathlib import Path
from typing import cast

import numpy as np
import pytest

from pipelines.datasets.audit.labels.disputes import extract_features, find_disputes
from pipelines.features import FeatureExtractor
from pipelines.stage_params import AuditParams
from tests.pipelines.datasets.audit.prepared import ColourTrunk, make_prepared


@pytest.fixture
def trunk() -> FeatureExtractor:
    return cast(FeatureExtractor, ColourTrunk())


def test_a_picture_of_the_other_class_is_disputed_with_the_label_it_deserves(
    tmp_path: Path, trunk: FeatureExtractor
) -> None:
    prepared = tmp_path / "data" / "prepared" / "colours"
    rows = make_prepared(prepared, mislabelled=["red/03.jpg", "blue/07.jpg"])

    evidence = find_disputes(prepared, rows, AuditParams(), trunk)

    assert evidence is not None
    assert dict(zip(evidence.files, evidence.proposals, strict=True)) == {"red/03.jpg": "red", "blue/07.jpg": "blue"}
    assert "labelled blue, neighbours say red (10 of 10)" in evidence.notes


def test_right_labels_are_not_disputed(tmp_path: Path, trunk: FeatureExtractor) -> None:
    prepared = tmp_path / "data" / "prepared" / "colours"

    assert find_disputes(prepared, make_prepared(prepared), AuditParams(), trunk) is None


def test_the_margin_is_a_parameter(tmp_path: Path, trunk: FeatureExtractor) -> None:
    prepared = tmp_path / "data" / "prepared" / "colours"
    rows = make_prepared(prepared, mislabelled=["red/03.jpg"])

    assert find_disputes(prepared, rows, AuditParams(dispute_margin=1), trunk) is None


def test_few_pictures_dispute_nothing(tmp_path: Path, trunk: FeatureExtractor) -> None:
    prepared = tmp_path / "data" / "prepared" / "colours"
    rows = make_prepared(prepared, a_class=5)

    assert find_disputes(prepared, rows, AuditParams(), trunk) is None


def test_each_row_of_features_belongs_to_the_picture_at_its_place(tmp_path: Path, trunk: FeatureExtractor) -> None:
    prepared = tmp_path / "data" / "prepared" / "colours"
    rows = make_prepared(prepared)

    judged, features = extract_features(prepared, rows, trunk)

    assert {row.path for row in judged} == {row.path for row in rows}
    reddish = features[:, 0] > features[:, 2]
    assert np.array_equal(reddish, [row.path.startswith("red/") for row in judged])
