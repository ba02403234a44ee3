"""What training spends its time on: the frozen trunk on every picture, and epochs of the tail, beside Keras's ways."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipelines.bench.figures import Lane, Round, turned
from pipelines.bench.model import CLASSES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pipelines.models import Network
    from pipelines.training.params import Architecture, TrainPlan

PAIRS: Final = (("trunk ours", "trunk keras"), ("epoch ours", "epoch keras"))
VIEWS: Final = 2
EPOCHS: Final = 2
"""The first one traces and is not measured."""
HELD_SHARE: Final = 4
"""One picture in so many is asked after an epoch, as a training's validation split is."""
MOST_DIFFERENCE: Final = 1e-3
"""Of activations, as a share of the largest."""
BATCH: Final = 64


@dataclass(frozen=True, slots=True)
class Scene:
    """A network with a cut, pictures, and what the trunk makes of them."""

    network: "Network"
    plan: "TrainPlan"
    pixels: "NDArray[np.uint8]"
    labels: "NDArray[np.int64]"
    activations: "NDArray[np.float16]"
    """(pictures, views, ...), as a training keeps them."""


def build_scene(
    architecture: "Architecture", weights_dir: Path | None, pictures: Sequence[bytes], folder: Path
) -> Scene:
    """The plan of a first training on so many photographs, for the last blocks; the trunk's weights may be random."""
    import numpy as np

    from pipelines.bench.decode import decode_ours
    from pipelines.models import build_network
    from pipelines.models.weights import IMAGENET_FILES, find_weights
    from pipelines.training.activations import compile_trunk
    from pipelines.training.params import TrainParams
    from pipelines.training.plan import Situation, decide_plan

    there = architecture in IMAGENET_FILES and find_weights("imagenet", IMAGENET_FILES[architecture], weights_dir)
    params = TrainParams(architecture=architecture, finetune="tail", weights="imagenet")
    decided = decide_plan(params, Situation(len(pictures), drawn=False, found={})).plan
    weights = "imagenet" if there else "none"
    plan = decided.model_copy(update={"epochs": EPOCHS, "views": VIEWS, "weights": weights, "chance_epochs": 0})
    # a training refuses to freeze random weights; they take as long as learned ones
    whole = build_network(plan.model_copy(update={"finetune": "all"}), CLASSES, weights_dir)
    network = replace(whole, cut=import_module(f"pipelines.models.{architecture}").TAIL_CUT)
    pixels = np.stack([decode_ours(encoded, plan.image_size) for encoded in pictures])
    seen = compile_trunk(network.trunk(), plan.image_size).features(list(pixels)).astype(np.float16)
    np.save(folder / "activations.npy", np.repeat(seen[:, None], VIEWS, axis=1))
    labels = np.arange(len(pictures)) % CLASSES
    return Scene(network, plan, pixels, labels, np.load(folder / "activations.npy", mmap_mode="r"))


def measure_training(scene: Scene, rounds: int, say: Callable[[str], None]) -> list[Lane]:
    """In turns; every lane once before."""
    ours, keras = _build_trunks(scene)
    lanes: dict[str, Callable[[], Round]] = {
        "trunk ours": lambda: _time(lambda: ours(scene.pixels), len(scene.pixels)),
        "trunk keras": lambda: _time(lambda: keras(scene.pixels), len(scene.pixels)),
        "epoch ours": lambda: _fit_ours(scene),
        "epoch keras": lambda: _fit_plainly(scene),
    }
    difference = _compare(ours(scene.pixels), keras(scene.pixels))
    say("warmed up")
    found: dict[str, list[Round]] = {name: [] for name in lanes}
    for round_ in range(rounds):
        for name in turned(list(lanes), round_):
            found[name].append(lanes[name]())
        say(f"round {round_ + 1} of {rounds}")
    # `not`: an answer that is no number differs too
    wrong = f"it differs from Keras by {difference:.3g} of the largest" if not difference <= MOST_DIFFERENCE else None
    return [
        Lane(
            name,
            tuple(each),
            {"parity": {"max_difference": difference}} if name == "trunk ours" else {},
            wrong if name == "trunk ours" else None,
        )
        for name, each in found.items()
    ]


def _build_trunks(scene: Scene) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    from pipelines.training.activations import compile_trunk

    trunk = scene.network.trunk()
    extractor = compile_trunk(trunk, scene.plan.image_size)
    return extractor.features, lambda pixels: trunk.predict(pixels, batch_size=BATCH, verbose=0)


def _compare(ours: Any, keras: Any) -> float:
    import numpy as np

    difference = float(np.abs(ours - keras).max() / max(1e-9, float(np.abs(keras).max())))
    return difference if math.isfinite(difference) else 1.0


def _fit_ours(scene: Scene) -> Round:
    """By the loop that `vigia train` runs, from the mapped file, with pictures mixed in pairs."""
    import numpy as np

    from pipelines.training.activations import Activations
    from pipelines.training.fitting import Held, fit_learner

    examples = Activations(scene.activations, scene.labels, "bench")
    held = Held(scene.activations[::HELD_SHARE, 0].astype(np.float32), scene.labels[::HELD_SHARE])
    marks: list[tuple[float, float]] = []
    fit_learner(scene.network.learner(), examples, held, scene.plan, lambda _epoch: marks.append(_mark()))
    return _between(marks, len(scene.labels))


def _fit_plainly(scene: Scene) -> Round:
    """`fit` of the same layers on the same activations, in memory; nothing is mixed."""
    import keras
    import numpy as np

    from pipelines.training.optimizers import compile_learner

    marks: list[tuple[float, float]] = []
    inputs, targets = scene.activations[:, 0].astype(np.float32), np.eye(CLASSES, dtype=np.float32)[scene.labels]
    learner = scene.network.learner()
    compile_learner(learner, scene.plan)
    learner.fit(
        inputs,
        targets,
        batch_size=scene.plan.batch_size,
        epochs=EPOCHS,
        validation_data=(inputs[::HELD_SHARE], targets[::HELD_SHARE]),
        validation_batch_size=BATCH,
        verbose=0,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: marks.append(_mark()))],
    )
    return _between(marks, len(scene.labels))


def _mark() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _between(marks: Sequence[tuple[float, float]], pictures: int) -> Round:
    """From the end of the first epoch to that of the last."""
    (began, cpu), (ended, spent) = marks[0], marks[-1]
    return _rate(ended - began, spent - cpu, pictures * (len(marks) - 1))


def _time(work: Callable[[], Any], pictures: int) -> Round:
    began, cpu = _mark()
    work()
    ended, spent = _mark()
    return _rate(ended - began, spent - cpu, pictures)


def _rate(wall: float, cpu: float, pictures: int) -> Round:
    return {
        "fps": pictures / wall,
        "cpu_seconds_per_frame": cpu / pictures,
        "ms_per_frame": 1000 * wall / pictures,
    }
