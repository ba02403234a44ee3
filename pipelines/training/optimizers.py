"""Optimizers and penalties by the names of params.yaml."""

from typing import TYPE_CHECKING, Any

from pipelines.training.params import TrainPlan

if TYPE_CHECKING:
    import keras


def compile_learner(learner: "keras.Model", plan: TrainPlan) -> None:
    """Optimizer, loss and metrics; the learning rate is set before each step."""
    import keras

    if plan.l2:
        _penalise(learner, plan.l2)
    learner.compile(
        optimizer=build_optimizer(plan),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=plan.label_smoothing),
        metrics=["accuracy"],
        # Keras would try XLA on a GPU, whose compilation takes longer than a short training
        jit_compile=False,
    )
    learner.optimizer.build(learner.trainable_variables)


def build_optimizer(plan: TrainPlan) -> Any:
    """Adam (arXiv:1412.6980), AdamW (arXiv:1711.05101), or SGD with Nesterov's momentum."""
    import keras

    rate, decay = plan.learning_rate, plan.weight_decay or None
    match plan.optimizer:
        case "adam":
            return keras.optimizers.Adam(rate, weight_decay=decay)
        case "adamw":
            return keras.optimizers.AdamW(rate, weight_decay=plan.weight_decay)
        case "sgd":
            return keras.optimizers.SGD(rate, momentum=0.9, nesterov=True, weight_decay=decay)


def _penalise(learner: "keras.Model", l2: float) -> None:
    """Add the squares of every kernel to the loss; biases and normalisation stay free."""
    import keras

    for variable in learner.trainable_variables:
        if len(variable.shape) > 1:
            variable.regularizer = keras.regularizers.L2(l2)
