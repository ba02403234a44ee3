"""What scaled decoding costs in accuracy: `python -m docs.measure_decoding PICTURES [--classifiers NAME...]`.

PICTURES holds `data/<classifier>/train/<class>/*` and `weights/`. Each classifier is learned with full and with scaled
decoding, from pictures as `prepare` keeps them, and asked about those that were kept out: as they are, and enlarged to
a camera's frames. One network a way, side and seed; those of one way but two seeds tell what chance alone does. One
JSON document on stdout.
"""

import argparse
import hashlib
import io
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any, Final, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from pipelines.datasets.shards import PreparedPicture, write_split
from pipelines.datasets.splits import SPLITS, Split, hash_position
from pipelines.evaluation.calibration import expected_calibration_error
from pipelines.images import decode_image
from pipelines.preprocessing import Decoding, see_picture
from pipelines.scaled_images import choose_scale
from pipelines.training.params import TrainParams
from pipelines.training.pictures import map_ahead
from pipelines.training.plan import decide_plan
from pipelines.training.situation import read_situation

TEST, VALIDATION = 0.3, 0.1
"""Shares of the pictures."""
LONGEST, QUALITY = 320, 92
"""Of a prepared picture, as params.yaml has it."""
FRAMES: Final = {"640x480": (640, 480), "1280x720": (1280, 720)}
FRAME_QUALITY: Final = 88
BINS: Final = 15

Answers = Mapping[str, NDArray[np.float32]]
"""Kind of picture -> (pictures, classes)."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--classifiers", nargs="+", default=["cars", "cats_dogs", "simpsons"])
    parser.add_argument("--sides", nargs="+", type=int, default=[96, 224])
    parser.add_argument("--seeds", nargs="+", type=int, default=[7, 8])
    parser.add_argument("--finetune", default="head")
    parser.add_argument("--each", type=int, default=400, help="at most so many pictures of a class")
    options = parser.parse_args()
    measured = {}
    for name in options.classifiers:
        with tempfile.TemporaryDirectory() as folder:
            measured[name] = measure_classifier(options, name, Path(folder))
        print(f"{name}: {json.dumps(measured[name])}", file=sys.stderr)
    print(json.dumps(measured, indent=1))


def measure_classifier(options: argparse.Namespace, name: str, folder: Path) -> dict[str, Any]:
    """By side: figures of each way, and in how many answers two networks agree."""
    files = choose_files(options.pictures / "data" / name / "train", options.each)
    prepared, test = folder / "prepared", prepare(files, folder / "prepared")
    labels = np.array([picture.label_index for picture in test], np.int64)
    told: dict[str, Any] = {"test_pictures": len(test)}
    for side in options.sides:
        answers: dict[tuple[str, int], Answers] = {}
        for decoding, seed in product(get_args(Decoding), options.seeds):
            params = TrainParams(finetune=options.finetune, image_size=side, seed=seed, decoding=decoding)
            answers[decoding, seed] = learn_and_ask(params, prepared, test, options.pictures / "weights", folder)
        sizes = [decode_image(picture.encoded).shape[:2] for picture in test]
        told[str(side)] = {
            "originals_decoded_smaller": sum(choose_scale(size, side) > 1 for size in sizes) / len(sizes),
            **{kind: compare(answers, kind, labels, options.seeds) for kind in ("original", *FRAMES)},
        }
    return told


def choose_files(photographs: Path, each: int) -> list[Path]:
    folders = sorted(path for path in photographs.iterdir() if path.is_dir())
    return [
        file
        for folder in folders
        for file in sorted(path for path in folder.iterdir() if path.suffix.lower() in (".jpg", ".jpeg"))[:each]
    ]


def prepare(files: Sequence[Path], prepared: Path) -> list[PreparedPicture]:
    """Shards to learn from; the test pictures as they were taken."""
    names = sorted({file.parent.name for file in files})
    parts: dict[Split, list[PreparedPicture]] = {split: [] for split in SPLITS}
    for file in files:
        encoded = file.read_bytes()
        digest = hashlib.sha256(encoded).hexdigest()
        place = hash_position(digest)
        split: Split = "test" if place < TEST else "validation" if place < TEST + VALIDATION else "train"
        kept = encoded if split == "test" else shrink(encoded)
        parts[split].append(PreparedPicture(file.name, digest, names.index(file.parent.name), kept))
    prepared.mkdir()
    for split, pictures in parts.items():
        write_split(prepared, split, pictures, len(pictures), 512)
    (prepared / "class_names.json").write_text(json.dumps(names), encoding="utf-8")
    return parts["test"]


def shrink(encoded: bytes) -> bytes:
    image = decode_image(encoded)
    height, width = image.shape[:2]
    scale = LONGEST / max(height, width)
    return encoded if scale >= 1 else encode(image, (round(width * scale), round(height * scale)), QUALITY)


def encode(image: NDArray[np.uint8], size: tuple[int, int], quality: int) -> bytes:
    with io.BytesIO() as stream:
        PillowImage.fromarray(image).resize(size, PillowImage.Resampling.LANCZOS).save(stream, "JPEG", quality=quality)
        return stream.getvalue()


def learn_and_ask(
    params: TrainParams, prepared: Path, test: Sequence[PreparedPicture], weights: Path, folder: Path
) -> Answers:
    from pipelines.models import build_network
    from pipelines.training.devices import training_devices
    from pipelines.training.tails import Bench
    from pipelines.training.training import fit_network

    plan = decide_plan(params, read_situation(folder, prepared, weights)).plan
    names = json.loads((prepared / "class_names.json").read_text(encoding="utf-8"))
    with training_devices(plan):
        network = build_network(plan, len(names), weights)
        fit_network(network, prepared, plan, Bench(folder / "cache", None, lambda line: None), lambda epoch: None)
    model: Any = network.model

    def see(encoded: bytes) -> NDArray[np.uint8]:
        seen = see_picture(network.preprocessing, encoded)
        assert seen is not None  # whole pictures always show something
        return seen

    def ask(size: tuple[int, int] | None) -> NDArray[np.float32]:
        def make(picture: PreparedPicture) -> NDArray[np.uint8]:
            encoded = picture.encoded
            return see(encode(decode_image(encoded), size, FRAME_QUALITY) if size else encoded)

        return np.asarray(model.predict(np.stack(list(map_ahead(make, test))), verbose=0), np.float32)

    print(f"{params.decoding} at {plan.image_size}, seed {params.seed}: learned", file=sys.stderr)
    return {"original": ask(None), **{kind: ask(size) for kind, size in FRAMES.items()}}


def compare(
    answers: Mapping[tuple[str, int], Answers], kind: str, labels: NDArray[np.int64], seeds: Sequence[int]
) -> dict[str, Any]:
    """Means over the seeds; agreement of the two ways at one seed, and of two seeds decoded in full."""
    figures: dict[str, Any] = {}
    for decoding in get_args(Decoding):
        rows = [describe(answers[decoding, seed][kind], labels) for seed in seeds]
        figures[decoding] = {key: round(float(np.mean([row[key] for row in rows])), 5) for key in rows[0]}
        figures[decoding]["accuracies"] = [round(row["accuracy"], 5) for row in rows]
    best = {key: each[kind].argmax(axis=1) for key, each in answers.items()}
    same = [float((best["full", seed] == best["scaled", seed]).mean()) for seed in seeds]
    figures["agreement"] = round(float(np.mean(same)), 5)
    if len(seeds) > 1:
        figures["agreement_of_two_seeds"] = round(float((best["full", seeds[0]] == best["full", seeds[1]]).mean()), 5)
    return figures


def describe(probabilities: NDArray[np.float32], labels: NDArray[np.int64]) -> dict[str, float]:
    told = probabilities[np.arange(len(labels)), labels].clip(1e-7)
    return {
        "accuracy": float((probabilities.argmax(axis=1) == labels).mean()),
        "log_loss": float(-np.log(told).mean()),
        "ece": float(expected_calibration_error(labels, probabilities, BINS)),
    }


if __name__ == "__main__":
    main()
