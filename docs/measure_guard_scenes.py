"""Scenes that are no fault: `python -m docs.measure_guard_scenes ARTEFACT ARTEFACT PICTURES [--out FILE]`.

Two trained versions of a classifier, and a folder of class folders. Each class alone is a scene that a camera may show
for hours, as it is and spoilt as cameras spoil pictures; each version serves once while the other is the witness. Not
one of these may be rolled back.
"""

import argparse
import json
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from pipelines.artefact import ServingCard
from pipelines.evaluation.robustness import DISTORTIONS
from pipelines.guard_params import GuardParams
from pipelines.images import Image, decode_image
from pipelines.inference import Classifier, load_classifier
from stream.guard.guard import PICTURES
from stream.guard.inquiry import Listener
from stream.guard.rules import Known, Live, Rule, Said, judge, measure
from stream.guard.watched import load_known

RULES: Final[tuple[Rule, ...]] = ("labels", "unknown")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("artefacts", type=Path, nargs=2)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    text = json.dumps(measure_scenes(options.artefacts, options.pictures), indent=1)
    print(text)
    if options.out:
        options.out.write_text(text, encoding="utf-8")


def measure_scenes(artefacts: Sequence[Path], folder: Path) -> dict[str, Any]:
    """How many scenes were suspicious, how many would have been rolled back, and which."""
    names = [ServingCard.load(artefact).classifier for artefact in artefacts]
    models = [
        load_classifier(artefact, name, n) for n, (artefact, name) in enumerate(zip(artefacts, names, strict=True))
    ]
    known = [load_known(artefact, model.class_names, {}) for artefact, model in zip(artefacts, models, strict=True)]
    scenes = suspected = 0
    faults: list[str] = []
    for scene, images in draw_scenes(folder):
        said = [listen(model, images) for model in models]
        for serves, witness in ((0, 1), (1, 0)):
            scenes += 1
            for rule in suspects(said[serves], known[serves]):
                suspected += 1
                verdict = judge(rule, said[serves], said[witness], known[serves], known[witness], GuardParams())
                if verdict.fault:
                    faults.append(f"{scene}, {rule}: {verdict.words}")
    return {"scenes": scenes, "suspected": suspected, "rolled_back": len(faults), "faults": faults}


def suspects(said: Said, known: Known) -> list[Rule]:
    """What would raise an alarm."""
    live = Live(said.pictures, said.failed, said.unknown, said.labels)
    return [each.rule for each in measure(live, known, GuardParams()) if each.of_limit > 1 and each.rule in RULES]


def draw_scenes(folder: Path) -> Iterator[tuple[str, list[Image]]]:
    """Each class alone, and two classes of which one is rare; as they are, and spoilt."""
    chance = random.Random(7)  # noqa: S311  which scenes is no secret, and they are the same each time
    classes = {place.name: sorted(place.glob("*.*")) for place in sorted(folder.iterdir()) if place.is_dir()}
    ways: dict[str, Callable[[Image], Image]] = {"as it is": lambda image: image, **DISTORTIONS}
    for name, files in classes.items():
        other = chance.choice([each for each in classes if each != name])
        alone = chance.choices(files, k=PICTURES)
        mixed = [*alone[: PICTURES * 4 // 5], *chance.choices(classes[other], k=PICTURES - PICTURES * 4 // 5)]
        for words, chosen in ((name, alone), (f"{name} and a little {other}", mixed)):
            images = [decode_image(file.read_bytes()) for file in chosen]
            for way, spoil in ways.items():
                yield f"{words}, {way}", [spoil(image) for image in images]


def listen(model: Classifier, images: Sequence[Image]) -> Said:
    listener = Listener(model)
    for image in images:
        listener.ask(image)
    return listener.said()


if __name__ == "__main__":
    main()
