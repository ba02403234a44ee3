from pathlib import Path

from stream.bench.lanes.order import RESULTS, Answered, Order, read_results, result_line


def test_an_order_arrives_as_it_was_given() -> None:
    order = Order("ours v2", "home", 1, "artefact", "bench", 1, "sha", "localhost:9092", "group", seconds=1.5)

    assert Order.parse(order.dump()) == order


def test_results_of_all_processes_are_read(tmp_path: Path) -> None:
    first = [Answered(1.5, "1", "1", number, "0.jpg", "cat", 0.9) for number in range(3)]
    second = [Answered(2.5, "2", "2", 0, "1.jpg", "dog", 0.8)]
    (tmp_path / f"1-{RESULTS}").write_text(f"{result_line(first[:2])}\n{result_line(first[2:])}")
    (tmp_path / f"2-{RESULTS}").write_text(result_line(second))

    assert read_results(tmp_path) == [*first, *second]


def test_a_process_that_wrote_nothing_has_no_results(tmp_path: Path) -> None:
    assert read_results(tmp_path) == []
