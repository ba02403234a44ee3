import threading
from collections.abc import Iterator

from pipelines.datasets.threads import map_in_threads


def test_outcomes_keep_the_order_of_the_items() -> None:
    assert list(map_in_threads(lambda number: number * 2, range(500))) == [number * 2 for number in range(500)]


def test_only_a_few_items_are_taken_ahead_of_the_reader() -> None:
    taken = 0
    lock = threading.Lock()

    def items() -> Iterator[int]:
        nonlocal taken
        for number in range(100_000):
            with lock:
                taken += 1
            yield number

    outcomes = map_in_threads(lambda number: number, items())
    assert next(outcomes) == 0

    assert taken < 5_000
    outcomes.close()  # type: ignore[attr-defined]  # a generator, promised only as an iterator
