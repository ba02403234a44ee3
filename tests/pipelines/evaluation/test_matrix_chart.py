import numpy as np

from pipelines.evaluation.matrix_chart import draw_matrix, order_alike


def test_classes_that_are_taken_for_one_another_stand_side_by_side() -> None:
    matrix = np.diag([10, 10, 10, 10])
    matrix[0, 3] = matrix[3, 0] = 5
    matrix[1, 2] = matrix[2, 1] = 5

    order = order_alike(matrix)

    assert abs(order.index(0) - order.index(3)) == 1
    assert abs(order.index(1) - order.index(2)) == 1


def test_a_matrix_of_many_classes_has_no_numbers_in_its_cells_but_words_for_each() -> None:
    names = [f"class {number}" for number in range(196)]

    chart = draw_matrix(np.eye(196, dtype=np.int64) * 7, names, describe="matrix")

    assert chart.count("answered as") == 196
    assert ">7</text>" not in chart


def test_a_long_name_is_shortened_beside_the_matrix_and_whole_where_one_points() -> None:
    long = "a class with a name that is far too long for its place"

    chart = draw_matrix(np.eye(2, dtype=np.int64), [long, "b"], describe="matrix")

    assert f"<title>{long}</title>" in chart
    assert f">{long}<" not in chart.replace(f"<title>{long}<", "")
