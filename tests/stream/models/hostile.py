"""Versions that must not serve: each is registered as if it were sound, and refused by the worker with a reason."""

import hashlib
import json
import os
import pickle
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import openvino as ov
import openvino.opset13 as ops

from pipelines.artefact import CARD_FILE, GOLDEN_FILE, NETWORK_FILE, hash_file
from pipelines.golden import GoldenPictures
from tests.stream.models.made_artefact import SIDE, make_artefact

Spoil = Callable[[Path], None]


@dataclass(frozen=True, slots=True)
class Hostile:
    """One way in which a version is no good."""

    name: str
    reason: str
    """Words of the refusal."""
    before: Spoil = lambda _: None
    """Done to the sound artefact before its digest is taken: who registers it knows what he does."""
    after: Spoil = lambda _: None
    """Done to the registered files."""
    digest: Callable[[str], str | None] = lambda right: right
    """The tag, from the digest of the files; None for no tag."""


def digest_anything(folder: Path) -> str:
    """As `digest_artefact`, of any files, links among them: whoever registers by hand may write any tag."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return hashlib.sha256("".join(f"{hash_file(folder / name)}  {name}\n" for name in names).encode()).hexdigest()


def make_hostile(hostile: Hostile, folder: Path) -> Path:
    make_artefact(folder, sharpness=3.0)
    (folder / "MLmodel").write_text(hostile.name, encoding="utf-8")  # no two have the same digest
    hostile.before(folder)
    return folder


def _network(change: Callable[[Any], Any]) -> Spoil:
    def spoil(folder: Path) -> None:
        pixels = ops.parameter([-1, SIDE, SIDE, 3], np.uint8)
        colours = ops.reduce_mean(change(ops.convert(pixels, "f32")), ops.constant(np.array([1, 2])), False)
        network = ov.Model([ops.softmax(colours, 1), colours], [pixels])
        ov.save_model(network, folder / NETWORK_FILE, compress_to_fp16=False)

    return spoil


def _no_number(light: Any) -> Any:
    nothing = ops.multiply(light, np.float32(0))
    return ops.divide(nothing, nothing)


def _much_memory(light: Any) -> Any:
    much = ops.broadcast(ops.constant(np.float32(1)), ops.constant(np.array([1 << 34])))
    return ops.add(light, ops.reduce_mean(much, ops.constant(np.array([0])), False))


def _much_time(light: Any) -> Any:
    channels = ops.transpose(ops.tile(light, ops.constant(np.array([1, 64, 64, 22]))), ops.constant([0, 3, 1, 2]))
    kernel = ops.constant(np.full((66, 66, 3, 3), 1e-3, np.float32))
    for _ in range(400):
        channels = ops.convolution(channels, kernel, [1, 1], [1, 1], [1, 1], [1, 1])
    first, end, step, axis = (ops.constant([number]) for number in (0, 3, 1, 3))
    return ops.slice(ops.transpose(channels, ops.constant([0, 2, 3, 1])), first, end, step, axis)


def _card(**fields: Any) -> Spoil:
    def spoil(folder: Path) -> None:
        file = folder / CARD_FILE
        file.write_text(json.dumps({**json.loads(file.read_text()), **fields}), encoding="utf-8")

    return spoil


def _file(name: str, content: bytes) -> Spoil:
    def spoil(folder: Path) -> None:
        (folder / name).write_bytes(content)

    return spoil


def _link(folder: Path) -> None:
    (folder / "conda.yaml").symlink_to("/etc/hostname")


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "conda.yaml")


def _other_golden(folder: Path) -> None:
    golden = GoldenPictures.load(folder / GOLDEN_FILE)
    GoldenPictures(golden.encoded, golden.probabilities + np.float32(0.1)).save(folder / GOLDEN_FILE)


def _no_golden(spoil: Spoil) -> Spoil:
    def both(folder: Path) -> None:
        (folder / GOLDEN_FILE).unlink()
        spoil(folder)

    return both


def _alter_byte(folder: Path) -> None:
    content = bytearray((folder / NETWORK_FILE).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / NETWORK_FILE).write_bytes(content)


def _empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


STRANGERS: Final = "Expected only the files"
NOTHING: Final = b'<?xml version="1.0"?><net name="empty" version="11"><layers></layers></net>'
HOSTILE: Final = (
    Hostile("a file of code beside the model", STRANGERS, before=_file("sitecustomize.py", b"raise SystemExit")),
    Hostile("a pickle", STRANGERS, before=_file("data.pkl", pickle.dumps({"weights": [1]}))),
    Hostile("a link out of the artefact", STRANGERS, before=_link),
    Hostile("a pipe instead of a file", "files and folders", before=_pipe),
    Hostile("a digest of other files", "changed after registration", digest=lambda _: "0" * 64),
    Hostile("no digest", "found none", digest=lambda _: None),
    Hostile("an altered byte", "changed after registration", after=_alter_byte),
    Hostile("an empty artefact", STRANGERS, after=_empty),
    Hostile("an artefact that is gone", "the folder is gone", after=lambda folder: shutil.rmtree(folder)),
    Hostile("a model of another classifier", "received one of simpsons", before=_card(classifier="simpsons")),
    Hostile("class names that do not fit the head", "a head of 3 classes", before=_card(class_names=["red", "green"])),
    Hostile("a class name twice", "repeats number 0", before=_card(class_names=["red", "Red ", "blue"])),
    Hostile("a card that is no card", "Expected a serving card", before=_file(CARD_FILE, b"[]")),
    Hostile("a network that is rubble", "Expected an OpenVINO network", before=_file(NETWORK_FILE, b"<net>" * 99)),
    Hostile("a network without an output", "without outputs", before=_file(NETWORK_FILE, NOTHING)),
    Hostile("weights that are missing", "OpenVINO", before=lambda folder: (folder / "serving/model.bin").unlink()),
    Hostile("other answers to the golden pictures", "golden pictures", before=_other_golden),
    Hostile("golden pictures that are rubble", "golden pictures", before=_file(GOLDEN_FILE, b"PK\x03\x04")),
    Hostile("answers that are no number", "NaN", before=_network(_no_number)),
    Hostile("the same without golden pictures", "NaN", before=_no_golden(_network(_no_number))),
    Hostile("more memory than there is", "bad_alloc", before=_network(_much_memory)),
    Hostile("more time than there is", "opens within 60 s", before=_network(_much_time)),
)
SLOW: Final = frozenset({"more time than there is"})
