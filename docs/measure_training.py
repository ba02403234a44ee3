"""The figures of training, as docs/classifiers/ quotes them: `python -m docs.measure_training PICTURES [FIGURE...]`.

PICTURES holds `data/<classifier>/train/<class>/*`, `data/faces/five_celebs/train` and `weights/`. Everything happens in
a clone in a folder of its own, by the commands that a user types. One JSON document a figure is printed as it is known,
and a table at the end. Times mean something only while the machine does nothing else.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

from pipelines.datasets.manifest import read_manifest

ROOT = Path(__file__).parents[1]
SOURCES = {
    "cats_dogs": "data/cats_dogs/train",
    "cars": "data/cars/train",
    "simpsons": "data/simpsons/train",
    "celebrities": "data/faces/five_celebs/train",
}
CARS_FOR_ONE_LEFT_OUT = 4
EVALUATED = 1000
OTHER_HEAD = ("--set", "train.dropout=0.3", "--set", "train.label_smoothing=0.05")


class Clone:
    """A fresh clone with a home of its own, and commands typed in it."""

    def __init__(self, folder: Path, pictures: Path) -> None:
        self.folder, self.pictures = folder, pictures
        self.workspace = folder / "clone"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(self.workspace)], check=True)
        (self.workspace / ".venv").symlink_to(sys.prefix)
        for key, value in (("user.name", "figures"), ("user.email", "figures@example.org")):
            subprocess.run(["git", "config", key, value], cwd=self.workspace, check=True)

    def vigia(self, *words: str, home: str = "home") -> tuple[dict[str, Any], float]:
        """The document of `vigia WORDS --json`, and its seconds."""
        environment = os.environ | {
            "VIGIA_HOME": str(self.folder / home),
            "VIGIA_PORTS": "auto",
            "VIGIA_WEIGHTS_DIR": str(self.pictures / "weights"),
        }
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "vigia", *words, "--json"],
            cwd=self.workspace,
            env=environment,
            stdout=subprocess.PIPE,
            check=False,
            text=True,
        )
        if done.returncode:
            sys.exit(f"error: `vigia {' '.join(words)}` ended with {done.returncode}, see above")
        document: dict[str, Any] = json.loads(done.stdout)
        return document, round(time.monotonic() - began, 1)

    def import_pictures(self, source: Path, classifier: str) -> None:
        self.vigia("data", "import", str(source), "--classifier", classifier, "--commit")

    def read_report(self, classifier: str) -> dict[str, Any]:
        file = self.workspace / "models" / classifier / "evaluate" / "report.json"
        report: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return report


Figures = Mapping[str, Any]


def measure_classifier(clone: Clone, classifier: str) -> Figures:
    """Accuracy on the test split, calibration, time; then time of a training that changes only the head's params."""
    clone.import_pictures(clone.pictures / SOURCES[classifier], classifier)
    trained, seconds = clone.vigia("train", classifier)
    report = clone.read_report(classifier)
    figures = {
        "accuracy": trained["metrics"]["accuracy"],
        "interval": [report["intervals"]["accuracy"][end] for end in ("low", "high")],
        "pictures": trained["metrics"]["pictures"],
        "ece": trained["metrics"]["ece"],
        "ece_floor": report["ece_floor"]["value"],
        "refused": report["refused"],
        "seconds": seconds,
    }
    if classifier == "celebrities":
        return figures
    _, again = clone.vigia("train", classifier, *OTHER_HEAD)
    return figures | {"seconds_of_another_head": again, "share": again / seconds}


def measure_unknown(clone: Clone) -> Figures:
    """The other classifiers' test pictures against each; needs `measure_classifier` of all."""
    return {name: read_strangers(clone.vigia("evaluate", name)[0]) for name in SOURCES}


def measure_left_out(clone: Clone) -> Figures:
    """Six makes of cars that the training never saw, asked together with test pictures of the others."""
    kept, asked = clone.folder / "kept", clone.folder / "asked"
    for index, make in enumerate(
        sorted(each for each in (clone.pictures / SOURCES["cars"]).iterdir() if each.is_dir())
    ):
        shutil.copytree(make, (asked if index % CARS_FOR_ONE_LEFT_OUT == 0 else kept) / make.name)
    clone.import_pictures(kept, "kept_cars")
    trained, _ = clone.vigia("train", "kept_cars")
    for row in read_manifest(clone.workspace / "data" / "prepared" / "kept_cars"):
        if row.split == "test":
            (asked / row.label).mkdir(exist_ok=True)
            shutil.copy(clone.workspace / "data" / "raw" / "kept_cars" / row.path, asked / row.label)
    report, _ = clone.vigia("evaluate", "kept_cars", "--data", str(asked))
    return {"accuracy": trained["metrics"]["accuracy"], **read_strangers(report)}


def read_strangers(report: Figures) -> Figures:
    """Of a document of `vigia evaluate`: pictures of what the model has no class for, and its own."""
    told = {each["name"]: {key: each[key] for key in ("auroc", "refused")} for each in report["strangers"]}
    return {"known refused": report["refused"], **told}


def measure_predecessors(clone: Clone) -> Figures:
    """The networks of the systems before, from nothing."""
    figures = {}
    for classifier, architecture in (("cats_dogs", "small_cnn"), ("simpsons", "regularised_cnn")):
        name = f"former_{classifier}"
        clone.import_pictures(clone.pictures / SOURCES[classifier], name)
        trained, seconds = clone.vigia("train", name, "--set", f"train.architecture={architecture}")
        figures[architecture] = {"accuracy": trained["metrics"]["accuracy"], "seconds": seconds}
    return figures


def measure_twice(clone: Clone) -> Figures:
    """The first training of `cars`, made once more with every cache off; needs `measure_classifier` of it."""
    report, seconds = clone.vigia("reproduce", "cars", "1")
    return {key: report[key] for key in ("same_metrics", "same_weights", "differences")} | {"seconds": seconds}


def measure_evaluate(clone: Clone) -> Figures:
    """Seconds of `vigia evaluate` of 1,000 pictures, report included; needs `cats_dogs` trained."""
    folder = clone.folder / "thousand"
    for kind in (clone.pictures / SOURCES["cats_dogs"]).iterdir():
        (folder / kind.name).mkdir(parents=True)
        for file in islice(sorted(kind.iterdir()), EVALUATED // 2):
            shutil.copy(file, folder / kind.name)
    report, seconds = clone.vigia("evaluate", "cats_dogs", "--data", str(folder))
    return {"pictures": report["metrics"]["pictures"], "seconds": seconds}


FIGURES: Mapping[str, Callable[[Clone], Figures]] = {
    "cats_dogs": lambda clone: measure_classifier(clone, "cats_dogs"),
    "cars": lambda clone: measure_classifier(clone, "cars"),
    "simpsons": lambda clone: measure_classifier(clone, "simpsons"),
    "celebrities": lambda clone: measure_classifier(clone, "celebrities"),
    "unknown": measure_unknown,
    "evaluate": measure_evaluate,
    "left_out": measure_left_out,
    "predecessors": measure_predecessors,
    "twice": measure_twice,
}


def tell(figures: Figures, before: str = "") -> Iterator[str]:
    """Rows of a Markdown table."""
    for name, value in figures.items():
        if isinstance(value, Mapping):
            yield from tell(value, f"{before}{name}: ")
        else:
            yield f"| {before}{name} | {value:.4g} |" if isinstance(value, float) else f"| {before}{name} | {value} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=f"of {', '.join(FIGURES)}; all when none is named")
    parser.add_argument("--keep", type=Path, help="a new folder to work in; it stays, with its reports")
    options = parser.parse_args()
    if unknown := set(options.figures) - set(FIGURES):
        parser.error(f"expected figures of {', '.join(FIGURES)}, received {', '.join(sorted(unknown))}")
    rows: list[str] = []
    with ExitStack() as stack:
        folder = options.keep or stack.enter_context(tempfile.TemporaryDirectory(prefix="vigia-figures-"))
        clone = Clone(Path(folder).absolute(), options.pictures.absolute())
        for name in options.figures or FIGURES:
            figures = FIGURES[name](clone)
            print(json.dumps({name: figures}), flush=True)
            rows += tell({name: figures})
    print("\n".join(("", "| figure | measured |", "|---|---|", *rows)))


if __name__ == "__main__":
    main()
