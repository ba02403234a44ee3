import json
from pathlib import Path

import pytest

from pipelines.class_names import check_class_names, list_faults, list_near_spellings, order_labels, read_class_names
from pipelines.errors import DatasetError, ModelError

# makes of cars, invented ones among them so that there are 163
MAKES = (
    "Abarth", "Acura", "Alfa Romeo", "Alpina", "Aston Martin", "Audi", "Bentley", "BMW", "Bugatti", "Buick", "BYD",
    "Cadillac", "Chery", "Chevrolet", "Chrysler", "Citroën", "Dacia", "Daewoo", "Daihatsu", "Dodge", "Ferrari", "Fiat",
    "Ford", "Geely", "GMC", "Haval", "Honda", "Hummer", "Hyundai", "Infiniti", "Isuzu", "Jaguar", "Jeep", "Kia",
    "Koenigsegg", "Lamborghini", "Lancia", "Land Rover", "Lexus", "Lincoln", "Lotus", "Maserati", "Maybach", "Mazda",
    "McLaren", "Mercedes-Benz", "Mini", "Mitsubishi", "Nissan", "Opel", "Pagani", "Peugeot", "Porsche", "Renault",
    "Rolls-Royce", "Saab", "Seat", "Skoda", "Smart", "Spyker", "Subaru", "Suzuki", "Tesla", "Toyota", "Volkswagen",
    "Volvo", "Zotye",
)  # fmt: skip
MAKES_163 = (*MAKES, *(f"Workshop {number}" for number in range(163 - len(MAKES))))


def test_a_list_of_163_makes_is_accepted() -> None:
    assert len(MAKES_163) == 163
    assert list_faults(MAKES_163, head_size=163) == ()
    assert list_near_spellings(MAKES_163) == ()


def test_each_fault_of_a_list_of_163_makes_is_named_in_one_message_and_near_spellings_are_warned_of(
    tmp_path: Path,
) -> None:
    faulty: dict[str, object] = {str(index): name for index, name in enumerate(MAKES_163)}
    del faulty["100"], faulty["101"]
    faulty |= {"20": " Ferrari", "33": "Kia ", "47": "", "48": "   ", "60": "AUDI", "61": "Bmw", "62": "land  rover"}
    faulty |= {"64": "Lamborgini", "65": "Mercedes Benz", "66": "Citroen", "110": None, "111": 7}
    file = tmp_path / "makes.json"
    file.write_text(json.dumps(faulty), encoding="utf-8")

    read = read_class_names(file)
    with pytest.raises(ModelError) as error:
        check_class_names(read.names, head_size=164, found=read.findings)

    assert read.understood == "an object of index: name"
    for finding in (
        "number 20 ' Ferrari' begins or ends with a space",
        "number 33 'Kia ' begins or ends with a space",
        "number 47 is blank",
        "number 48 is blank",
        "number 60 'AUDI' repeats number 5 'Audi'",
        "number 61 'Bmw' repeats number 7 'BMW'",
        "number 62 'land  rover' repeats number 37 'Land Rover'",
        "number 100 is missing",
        "number 101 is missing",
        "number 110 is blank",
        "number 111 is no text but 7",
        "163 names for a head of 164 classes",
    ):
        assert finding in str(error.value)
    assert str(error.value).count("number ") == 11 + 3  # three of them name another one
    assert list_near_spellings(read.names) == (
        "'Citroen' and 'Citroën'",
        "'Lamborghini' and 'Lamborgini'",
        "'Mercedes Benz' and 'Mercedes-Benz'",
    )


@pytest.mark.parametrize(
    ("text", "names", "understood"),
    [
        ('["a", "b"]', ("a", "b"), "a list"),
        ('{"1": "b", "0": "a"}', ("a", "b"), "index: name"),
        ('{"b": 1, "a": 0}', ("a", "b"), "name: index"),
        ('{"b": 1, "7": 0}', ("7", "b"), "name: index"),
    ],
)
def test_a_file_may_be_a_list_or_an_object_in_either_direction(
    tmp_path: Path, text: str, names: tuple[str, ...], understood: str
) -> None:
    (tmp_path / "names.json").write_text(text, encoding="utf-8")

    read = read_class_names(tmp_path / "names.json")

    assert (read.names, read.findings) == (names, ())
    assert understood in read.understood


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a": 0, "b": 0, "c": 1}', "number 0 is both 'a' and 'b'"),
        ('{"0": "a", "0": "b", "1": "c"}', "number 0 is both 'a' and 'b'"),
        ('{"1": "a", "2": "b"}', "number 0 is missing"),
    ],
)
def test_an_index_named_twice_and_a_list_that_begins_at_1_are_findings(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "names.json").write_text(text, encoding="utf-8")
    read = read_class_names(tmp_path / "names.json")

    with pytest.raises(ModelError, match=words):
        check_class_names(read.names, found=read.findings)


@pytest.mark.parametrize("text", ["", "Audi, BMW", '"Audi"', "{}", '{"a": "b"}', '{"0": "a", "x": "b"}', "[" * 100_000])
def test_a_file_of_another_kind_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "names.json").write_text(text, encoding="utf-8")

    with pytest.raises(ModelError, match=r"Expected class names .*Write a list"):
        read_class_names(tmp_path / "names.json")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"missing\.json: No such file"):
        read_class_names(tmp_path / "missing.json")


def test_an_index_beyond_reason_is_refused_before_memory_is_taken(tmp_path: Path) -> None:
    (tmp_path / "names.json").write_text('{"a": 0, "b": 900000000}', encoding="utf-8")

    with pytest.raises(ModelError, match="Number them from 0"):
        read_class_names(tmp_path / "names.json")


def test_names_that_differ_in_digits_or_are_short_are_not_near() -> None:
    assert list_near_spellings(["Audi A4", "Audi A6", "Series 1", "Series 11", "Fiat", "Seat", "cat", "cats"]) == ()


def test_two_letters_changed_places_are_near() -> None:
    assert list_near_spellings(["Porsche", "Porshce"]) == ("'Porsche' and 'Porshce'",)


def test_labels_come_sorted() -> None:
    assert order_labels(["dog", "cat", "dog"]) == ("cat", "dog")


@pytest.mark.parametrize("names", [["Cat", "cat"], ["cat ", "cat"], ["STRASSE", "straße"]])
def test_labels_that_differ_only_in_case_or_spaces_are_refused(names: list[str]) -> None:
    with pytest.raises(DatasetError, match="differ by more than case or spaces"):
        order_labels(names)


def test_a_single_label_is_refused() -> None:
    with pytest.raises(DatasetError, match=r"at least two classes, found 1 \(cat\)"):
        order_labels(["cat"])
