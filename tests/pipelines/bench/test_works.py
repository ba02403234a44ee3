from pathlib import Path

from pipelines.bench.works import Work, compare_lanes, measure_works


def bring(*words: str) -> Work:
    return Work(f"count {words[0]}", lambda _folder: words[1:], lambda _folder, said: said)


def test_each_work_gets_an_empty_folder_that_is_gone_afterwards(tmp_path: Path) -> None:
    seen: list[Path] = []

    def once(folder: Path) -> list[str]:
        assert list(folder.iterdir()) == [folder / "prepared"]
        seen.append(folder)
        return ["a"]

    work = Work("a", once, lambda _folder, said: said, lambda folder: (folder / "prepared").touch())
    (lane,) = measure_works([work], tmp_path, 2, lambda _line: None)

    assert len(set(seen)) == 3  # once to warm up
    assert list(tmp_path.iterdir()) == []
    assert lane.counts
    assert {"fps", "cpu_seconds_per_frame"} <= set(lane.rounds[0])


def test_a_work_that_brings_something_else_than_the_last_of_its_group_does_not_count(tmp_path: Path) -> None:
    works = [bring("ours", "a", "c"), bring("less", "a"), bring("same", "b", "a"), bring("plain", "a", "b")]

    lanes = measure_works(works, tmp_path, 1, lambda _line: None)

    assert [lane.counts for lane in lanes] == [False, False, True, True]
    assert lanes[0].not_counted == "it brings 2 answers, of which 1 are as they should be"
    assert compare_lanes(lanes, [("count ours", "count plain")]) == {
        "count_ours_over_count_plain": None,
        "count_ours_over_count_plain_in_cpu_time": None,
    }


def test_a_work_that_brings_less_in_a_later_round_does_not_count(tmp_path: Path) -> None:
    answers = iter(["ab", "ab", "a"])  # once to warm up
    ours = Work("count ours", lambda _folder: next(answers), lambda _folder, said: said)

    lanes = measure_works([ours, bring("plain", "a", "b")], tmp_path, 2, lambda _line: None)

    assert [lane.counts for lane in lanes] == [False, True]


def test_nothing_brought_is_nothing_measured(tmp_path: Path) -> None:
    lanes = measure_works([bring("ours"), bring("plain")], tmp_path, 1, lambda _line: None)

    assert [lane.counts for lane in lanes] == [False, False]
