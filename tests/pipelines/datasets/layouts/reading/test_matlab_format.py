import io
import random
import struct
import zlib
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from pipelines.datasets.layouts.reading.matlab_format import Array, FormatError, parse_variable
from tests.pipelines.datasets.layouts.sources import annotate, make_annotations, make_cells

HEADER = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM"


def save(variables: dict[str, Any], *, compressed: bool = False) -> bytes:
    stream = io.BytesIO()
    savemat(stream, variables, do_compression=compressed)
    return stream.getvalue()


@pytest.mark.parametrize("compressed", [False, True])
def test_cells_come_column_by_column(compressed: bool) -> None:
    cells = make_cells([["Audi", 366], ["丰田", None]])

    found = parse_variable(save({"other": 1, "names": cells}, compressed=compressed), "names")

    assert found == Array("cell", (2, 2), ("Audi", "丰田", 366, None))


def test_a_struct_array_has_a_row_for_each_element() -> None:
    records = make_annotations([annotate("1.jpg", 3), annotate("2.jpg", 4)])

    found = parse_variable(save({"annotations": records}), "annotations")

    assert found is not None
    assert found.fields == ("fname", "bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2", "class")
    assert found.values == (("1.jpg", 11, 21, 30, 60, 3), ("2.jpg", 11, 21, 30, 60, 4))


@pytest.mark.parametrize(
    "kind",
    [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64, np.float32, np.float64, bool],
)
def test_numbers_of_every_kind_are_numbers(kind: type) -> None:
    found = parse_variable(save({"names": make_cells([[np.array([[1]], kind), 2]])}), "names")

    assert found is not None
    assert found.values == (1, 2)


def test_a_cell_of_one_value_is_that_value_and_larger_arrays_stay_closed() -> None:
    cells = make_cells([[make_cells([["Audi"]]), np.eye(3), np.array(["ab", "cd"])]])

    found = parse_variable(save({"names": cells}), "names")

    assert found is not None
    assert found.values == ("Audi", Array("other", (3, 3)), Array("other", (2, 2)))


def test_a_variable_of_another_kind_is_neither_cells_nor_struct() -> None:
    assert parse_variable(save({"names": 7}), "names") == Array("other", (1, 1))
    assert parse_variable(save({"names": np.eye(3)}), "names") == Array("other", (3, 3))
    assert parse_variable(save({"names": 7}), "missing") is None


def test_cells_within_cells_end_somewhere() -> None:
    cells: Any = "deep"
    for _ in range(20):
        cells = make_cells([[cells, 1]])

    with pytest.raises(FormatError, match="deeper than 8"):
        parse_variable(save({"names": cells}), "names")


def test_what_inflates_to_far_more_than_a_list_is_refused_before_it_does() -> None:
    packed = zlib.compress(bytes(50_000_000), 1)

    with pytest.raises(FormatError, match="it inflates to more than 40000000 bytes"):
        parse_variable(HEADER + struct.pack("<II", 15, len(packed)) + packed, "names")


def test_an_array_that_says_it_is_huge_is_refused_before_room_is_made_for_it() -> None:
    content = save({"names": make_cells([["a", "b", "c"]])})
    shape, huge = struct.pack("<IIii", 5, 8, 1, 3), struct.pack("<IIii", 5, 8, 1, 2_000_000_000)

    with pytest.raises(FormatError, match="an array of 2000000000 values has room for fewer"):
        parse_variable(content.replace(shape, huge), "names")


def test_a_file_that_breaks_off_is_refused_wherever_it_does() -> None:
    content = save({"names": make_cells([["Audi", "Audi Q5", 366]])})

    for kept in range(136, len(content)):
        with pytest.raises(FormatError):
            parse_variable(content[:kept], "names")


def test_damage_is_refused_or_read_as_something_else_and_never_more() -> None:
    content = save({"annotations": make_annotations([annotate("1.jpg", 3), annotate("2.jpg", 4)])})
    chance = random.Random(7)

    for _ in range(2000):
        damaged = bytearray(content)
        for _ in range(chance.choice((1, 2, 8))):
            damaged[chance.randrange(128, len(damaged))] = chance.choice((0, 1, 127, 128, 255))
        with suppress(FormatError):
            parse_variable(bytes(damaged), "annotations")
