"""The last layer: started by logistic regression, and fitted on features alone."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.models.contract import LOGITS_LAYER, build_head

if TYPE_CHECKING:
    import keras

START_ROWS: Final = 4000
"""Feature vectors that the start is computed from; more of them take longer than they are worth."""
START_STRENGTH: Final = 0.1
"""Inverse of the penalty: 1,280 features of a few hundred pictures fit anything."""


@dataclass(frozen=True, slots=True)
class FeatureRows:
    """Feature vectors as Examples."""

    features: NDArray[np.float32]
    """(rows, length)."""
    labels: NDArray[np.int64]

    def draw(self, indices: NDArray[np.int64], epoch: int) -> NDArray[np.float32]:
        return self.features[indices]


def start_head(model: "keras.Model", features: NDArray[np.float32], labels: NDArray[np.int64]) -> None:
    """Give the logits layer the weights of a logistic regression on `features` (rows, length)."""
    from sklearn.linear_model import LogisticRegression

    chosen = np.linspace(0, len(labels) - 1, min(len(labels), START_ROWS)).astype(int)
    centre = features.mean(axis=0)
    fitted = LogisticRegression(C=START_STRENGTH, max_iter=200).fit(features[chosen] - centre, labels[chosen])
    kernel, bias = fitted.coef_, fitted.intercept_
    if len(fitted.classes_) == 2:  # scikit-learn keeps one row for two classes
        kernel, bias = np.vstack([-kernel, kernel]) / 2, np.hstack([-bias, bias]) / 2
    layer: Any = model.get_layer(LOGITS_LAYER)
    weights, offsets = (np.zeros(variable.shape, np.float32) for variable in layer.get_weights())
    weights[:, fitted.classes_] = kernel.T
    offsets[fitted.classes_] = bias - kernel @ centre
    layer.set_weights([weights, offsets])


def build_head_model(length: int, class_count: int, dropout: float, seed: int) -> "keras.Model":
    """Features (pictures, length) -> probabilities, as every architecture ends."""
    import keras

    features = keras.Input((length,), name="flat")
    return keras.Model(features, build_head(features, class_count, dropout, seed), name="head")


def copy_logits(source: "keras.Model", target: "keras.Model") -> None:
    """The last layer's weights from one model to another."""
    target.get_layer(LOGITS_LAYER).set_weights(source.get_layer(LOGITS_LAYER).get_weights())
