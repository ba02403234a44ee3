from dataclasses import replace

from pipelines.datasets.audit.page.views import A_CLASS, AN_END, MOST_CLASSES, choose_extremes, choose_glance
from tests.pipelines.datasets.audit.made import ORDINARY, make_row, make_rows


def test_some_pictures_of_each_class_are_shown_always_the_same() -> None:
    rows = make_rows(cat=30, dog=2)

    strips = choose_glance(rows)

    assert [(strip.title, len(strip.paths)) for strip in strips] == [("cat", A_CLASS), ("dog", 2)]
    assert choose_glance(rows[::-1]) == strips


def test_of_many_classes_only_the_first_are_shown() -> None:
    rows = make_rows(**{f"class{place:03}": 1 for place in range(100)})

    assert len(choose_glance(rows)) == MOST_CLASSES


def test_the_extremes_begin_with_the_most_extreme() -> None:
    rows = [*make_rows(cat=20), make_row("cat/long.jpg", width=900, height=100)]
    measures = {row.path: ORDINARY for row in rows} | {"cat/cat7.jpg": replace(ORDINARY, blur=0.9, highlights=0.1)}

    strips = {strip.title: strip for strip in choose_extremes(rows, measures)}

    assert strips["Most blurred"].paths[0] == strips["Darkest"].paths[0] == "cat/cat7.jpg"
    assert strips["Longest"].paths[0] == "cat/long.jpg"
    assert strips["Longest"].notes[0] == "900×100"
    assert all(len(strip.paths) == len(strip.notes) == AN_END for strip in strips.values())
