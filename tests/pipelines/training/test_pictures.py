import threading
from pathlib import Path

import numpy as np

from pipelines.preprocessing import WholePicture
from pipelines.training.pictures import load_pictures, map_ahead, read_labels
from tests.pipelines.training.colours import write_colours


def test_a_split_is_read_in_its_order_squashed_to_the_size_asked_for(tmp_path: Path) -> None:
    prepared = write_colours(tmp_path, train=6, validation=2)

    pictures = load_pictures(prepared, "train", WholePicture((24, 24)))

    assert pictures.images.shape == (6, 24, 24, 3)
    assert pictures.labels.tolist() == read_labels(prepared, "train").tolist() == [0, 1] * 3
    reddest = pictures.images.mean(axis=(1, 2)).argmax(axis=1)
    assert np.array_equal(reddest == 0, pictures.labels == 0)
    assert pictures.files[0] == "train0.png"


def test_work_is_done_ahead_but_never_far_ahead_of_what_is_taken() -> None:
    begun: list[int] = []
    guard = threading.Lock()

    def work(number: int) -> int:
        with guard:
            begun.append(number)
        return number * number

    squares = map_ahead(work, range(100), ahead=4)

    assert [next(squares) for _ in range(3)] == [0, 1, 4]
    assert len(begun) <= 3 + 4
    assert list(squares) == [number * number for number in range(3, 100)]
