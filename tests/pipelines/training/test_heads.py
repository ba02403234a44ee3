import numpy as np
import pytest

from pipelines.training.heads import START_ROWS, build_head_model, start_head

pytestmark = pytest.mark.integration  # TensorFlow takes seconds to import


def clusters(classes: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Points near one corner for each class."""
    random = np.random.default_rng(0)
    labels = np.arange(rows, dtype=np.int64) % classes
    return (np.eye(classes, 6)[labels] * 4 + random.normal(0, 0.3, (rows, 6))).astype(np.float32), labels


@pytest.mark.parametrize("classes", [2, 4])
def test_a_started_head_tells_the_classes_apart_already(classes: int) -> None:
    features, labels = clusters(classes, 80)
    head = build_head_model(6, classes, dropout=0.5, seed=1)

    start_head(head, features, labels)

    rows = head.predict(features, verbose=0)
    assert rows.shape == (80, classes)
    assert (rows.argmax(axis=1) == labels).all()


def test_a_class_without_pictures_keeps_its_place() -> None:
    features, labels = clusters(2, 40)
    head = build_head_model(6, 4, dropout=0.0, seed=1)

    start_head(head, features, labels * 2)

    assert set(head.predict(features, verbose=0).argmax(axis=1)) == {0, 2}


def test_of_many_rows_some_of_every_part_are_taken() -> None:
    features, labels = clusters(2, 3 * START_ROWS)
    head = build_head_model(6, 2, dropout=0.0, seed=1)

    start_head(head, features, np.sort(labels))

    assert np.isfinite(head.predict(features[:4], verbose=0)).all()
