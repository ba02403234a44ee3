import hashlib
from pathlib import Path

import pytest

from pipelines.errors import ModelError
from pipelines.own_models.files import check_file, recognise


def test_a_file_with_another_digest_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "model.keras"
    file.write_bytes(b"PK\x03\x04 as told")
    told = hashlib.sha256(file.read_bytes()).hexdigest()
    assert check_file(file, told.upper()) == told

    file.write_bytes(b"PK\x03\x04 as changed")

    with pytest.raises(ModelError, match=f"with SHA-256 {told[:12]}.*changed on its way"):
        check_file(file, told)


def test_a_folder_a_missing_and_an_empty_file_are_named(tmp_path: Path) -> None:
    (tmp_path / "empty.onnx").touch()

    for name, words in (("", "found a folder"), ("none.onnx", "found nothing"), ("empty.onnx", "has 0")):
        with pytest.raises(ModelError, match=words):
            check_file(tmp_path / name, None)


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.keras", b"PK\x03\x04....", "keras"),
        ("a.ONNX", b"\x08\x08\x12\x00", "onnx"),
        ("a.tflite", b"\x1c\x00\x00\x00TFL3", "litert"),
    ],
)
def test_a_kind_is_known_by_name_and_content(tmp_path: Path, name: str, content: bytes, kind: str) -> None:
    (tmp_path / name).write_bytes(content)

    assert recognise(tmp_path / name) == kind


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.keras", b"\x89HDF\r\n\x1a\n", "HDF5 file, the old format"),
        ("a.h5", b"\x89HDF\r\n\x1a\n", "HDF5 file, the old format"),
        ("a.onnx", b"\x80\x04\x95", "a pickle, which runs code"),
        ("a.pt", b"PK\x03\x04....", "ends in .keras"),
        ("a.onnx", b"PK\x03\x04....", "another kind"),
        ("a.tflite", b"\x08\x08\x12\x00", "another kind"),
    ],
)
def test_a_file_of_another_kind_is_refused_by_its_own_name(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(ModelError, match=words):
        recognise(tmp_path / name)
