"""Fitting what comes after a frozen trunk, on the trunk's activations.

The tail of the network and its last layer are fitted in two parts, the second on the features of the first, and the
outcome of the first is kept: a training that differs only in the last layer's params (`dropout`, `label_smoothing`)
takes the tail from there.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.models import Network
from pipelines.models.contract import FEATURES_LAYER
from pipelines.training.activations import Activations, load_activations
from pipelines.training.caches import cache_entry, is_done, mark_done
from pipelines.training.checkpoints import Checkpoint
from pipelines.training.digests import digest_document
from pipelines.training.epochs import Epoch
from pipelines.training.fitting import PREDICT_BATCH, Held, OnEpoch, fit_learner
from pipelines.training.heads import FeatureRows, build_head_model, copy_logits, start_head
from pipelines.training.params import TrainPlan

if TYPE_CHECKING:
    import keras

TAIL_DROPOUT: Final = 0.2
TAIL_SMOOTHING: Final = 0.1
START_VIEWS: Final = 2
"""Views of each picture that the logistic regression sees."""
HEAD_VIEWS: Final = 3
HEAD_PLAN: Final = {"epochs": 10, "batch_size": 64, "learning_rate": 1e-3, "weight_decay": 1e-4, "mixup": 0.0}
"""What the last layer is fitted with once the tail is settled."""


@dataclass(frozen=True, slots=True)
class Bench:
    """Where a training keeps what it may need again, and to whom it talks."""

    cache: Path
    checkpoint: Checkpoint | None
    told: Callable[[str], None]


def fit_from_cut(network: Network, prepared: Path, plan: TrainPlan, bench: Bench, on_epoch: OnEpoch) -> list[Epoch]:
    """Fit the network's learner in place. Raises what `load_activations` and `fit_learner` raise."""
    trunk, folder = network.trunk(), bench.cache / "activations"
    train = load_activations(trunk, prepared, "train", plan, folder, bench.told)
    held = load_activations(trunk, prepared, "validation", plan, folder, bench.told)
    if plan.finetune == "head":
        features = train.values[:, :START_VIEWS].astype(np.float32)
        start_head(network.model, *_flatten(features, train.labels))
        return fit_learner(network.learner(), train, Held(held.plain, held.labels), plan, on_epoch, bench.checkpoint)
    # one more than the tail's epochs: the last layer's own
    tail = _Tail(network, train, held, plan)
    settled = tail.settle(bench, lambda epoch: on_epoch(replace(epoch, of=plan.epochs + 1)))
    epochs, rows = settled.epochs, FeatureRows(*_flatten(settled.features, train.labels))
    last = _fit_head(network.model, rows, Held(settled.held_features[:, 0], held.labels), plan)
    ended = replace(last, number=len(epochs) + 1, of=plan.epochs + 1, seconds_left=0.0)
    on_epoch(ended)
    return [*(replace(epoch, of=plan.epochs + 1) for epoch in epochs), ended]


@dataclass(frozen=True, slots=True)
class _Settled:
    """What the tail's fit leaves to the last layer's."""

    epochs: list[Epoch]
    features: NDArray[np.float32]
    """Of the training pictures, (pictures, views, length)."""
    held_features: NDArray[np.float32]


class _Tail:
    """The layers between the cut and the features."""

    def __init__(self, network: Network, train: Activations, held: Activations, plan: TrainPlan) -> None:
        import keras

        self._model = network.model
        self._learner = network.learner()
        cut, end = network.model.get_layer(network.cut), network.model.get_layer(FEATURES_LAYER)
        self._to_features = keras.Model(cut.output, end.output)
        self._train, self._held = train, held
        self._plan = plan.model_copy(update={"label_smoothing": TAIL_SMOOTHING, "dropout": TAIL_DROPOUT})

    def settle(self, bench: Bench, on_epoch: OnEpoch) -> _Settled:
        """Fit it, or take it from an earlier training that differed in nothing but the last layer's params."""
        with cache_entry(bench.cache / "tails", self._key()) as folder:
            if is_done(folder):
                bench.told("the tail is that of an earlier training; only the last layer is fitted")
                settled = _load(folder, self._learner)
                for epoch in settled.epochs:
                    on_epoch(epoch)
            else:
                epochs = self._fit(bench, on_epoch)
                settled = _Settled(epochs, self.features(self._train, HEAD_VIEWS), self.features(self._held, 1))
                _save(folder, self._learner, settled)
            mark_done(folder)
        return settled

    def features(self, activations: Activations, views: int) -> NDArray[np.float32]:
        """(pictures, views, length)."""
        columns = [
            self._to_features.predict(values.astype(np.float32), batch_size=PREDICT_BATCH, verbose=0)
            for values in np.moveaxis(activations.values[:, :views], 1, 0)
        ]
        return np.stack(columns, axis=1)

    def _fit(self, bench: Bench, on_epoch: OnEpoch) -> list[Epoch]:
        self._model.get_layer("dropout").rate = TAIL_DROPOUT
        start_head(self._model, *_flatten(self.features(self._train, START_VIEWS), self._train.labels))
        validation = Held(self._held.plain, self._held.labels)
        return fit_learner(self._learner, self._train, validation, self._plan, on_epoch, bench.checkpoint)

    def _key(self) -> str:
        plan = self._plan.model_dump(exclude={"tensorboard", "chance_epochs"})
        classes = int(self._learner.output_shape[-1])
        return digest_document({"train": self._train.key, "held": self._held.key, "plan": plan, "classes": classes})


def _fit_head(model: "keras.Model", rows: FeatureRows, validation: Held, plan: TrainPlan) -> Epoch:
    """Fit the last layer alone, from where the tail's training left it; its last epoch."""
    head = build_head_model(rows.features.shape[-1], int(model.output_shape[-1]), plan.dropout, plan.seed)
    copy_logits(model, head)
    settled = plan.model_copy(update={**HEAD_PLAN, "keep": "last", "patience": 0, "chance_epochs": 0})
    epochs = fit_learner(head, rows, validation, settled, lambda _: None)
    copy_logits(head, model)
    model.get_layer("dropout").rate = plan.dropout
    return epochs[-1]


def _flatten(features: NDArray[np.float32], labels: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """(pictures, views, length) to one row a view."""
    return features.reshape(-1, features.shape[-1]), np.repeat(labels, features.shape[1])


def _save(folder: Path, learner: "keras.Model", settled: _Settled) -> None:
    np.savez(folder / "weights.npz", *learner.get_weights())
    np.savez(folder / "features.npz", train=settled.features, held=settled.held_features)
    (folder / "epochs.json").write_text(json.dumps([asdict(epoch) for epoch in settled.epochs]), encoding="utf-8")


def _load(folder: Path, learner: "keras.Model") -> _Settled:
    with np.load(folder / "weights.npz", allow_pickle=False) as saved:
        weights: list[Any] = [saved[f"arr_{index}"] for index in range(len(saved.files))]
    learner.set_weights(weights)
    epochs = [Epoch(**each) for each in json.loads((folder / "epochs.json").read_text(encoding="utf-8"))]
    with np.load(folder / "features.npz", allow_pickle=False) as saved:
        return _Settled(epochs, saved["train"], saved["held"])
