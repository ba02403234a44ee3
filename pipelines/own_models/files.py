"""Which kind of model a file holds, by its first bytes; what is no such model is refused by its own name."""

from pathlib import Path
from typing import Final, Literal

from pipelines.artefact import hash_file
from pipelines.errors import ModelError

Kind = Literal["keras", "onnx", "litert"]
SUFFIXES: Final[dict[str, Kind]] = {".keras": "keras", ".onnx": "onnx", ".tflite": "litert", ".litert": "litert"}
MOST_BYTES: Final = 1 << 30
MEND: Final = "Give a .keras archive of Keras 3, an ONNX file or a LiteRT file."

_FOREIGN: Final = (
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file, the old format of Keras, which may hold code"),
    (b"\x80\x02", "a pickle, which runs code when it is read"),
    (b"\x80\x03", "a pickle, which runs code when it is read"),
    (b"\x80\x04", "a pickle, which runs code when it is read"),
    (b"\x80\x05", "a pickle, which runs code when it is read"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"<?xml", "an XML file"),
)


def check_file(file: Path, sha256: str | None) -> str:
    """The file's SHA-256. Raises ModelError when there is none to read, it is too large, or another was expected."""
    if not file.is_file():
        what = "a folder" if file.is_dir() else "nothing"
        raise ModelError(f"Expected a model file at {file}, found {what}. {MEND}")
    size = file.stat().st_size
    if not 0 < size <= MOST_BYTES:
        raise ModelError(f"Expected a model of at most {MOST_BYTES:,} bytes, {file.name} has {size:,}. {MEND}")
    try:
        actual = hash_file(file)
    except OSError as error:
        raise ModelError(f"Expected a readable file, {file} is not: {error.strerror}. Check its rights.") from error
    if sha256 is not None and actual != sha256.strip().lower():
        raise ModelError(
            f"Expected {file.name} with SHA-256 {sha256[:12]}…, received {actual[:12]}…: it is another file or was "
            f"changed on its way. Fetch it again from where its digest was told."
        )
    return actual


def recognise(file: Path) -> Kind:
    """Raises ModelError when the content is of another kind than the name says, or of none that can be imported."""
    named = SUFFIXES.get(file.suffix.lower())
    with file.open("rb") as stream:
        start = stream.read(16)
    for magic, what in _FOREIGN:
        if start.startswith(magic):
            raise ModelError(f"Expected a model, {file.name} is {what}. {MEND}")
    if named is None:
        raise ModelError(f"Expected a file that ends in {', '.join(SUFFIXES)}, received {file.name}. {MEND}")
    actual = _by_content(start)
    if actual != named:
        raise ModelError(
            f"Expected {file.name} to hold what its name says, its first bytes are of another kind. {MEND}"
        )
    return actual


def _by_content(start: bytes) -> Kind | None:
    if start.startswith(b"PK\x03\x04"):
        return "keras"
    if start[4:8] == b"TFL3":
        return "litert"
    # a protobuf message has no magic: ONNX begins with its ir_version, field 1, in practice always
    return "onnx" if start[:1] == b"\x08" else None
