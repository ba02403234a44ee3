"""What a search may change, and how far: the section `tune` of a classifier."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, cast

from pydantic import Field, model_validator

from pipelines.strict_params import StrictParams

if TYPE_CHECKING:
    import optuna

Value = str | int | float | bool
Search = Literal["grid", "random", "tpe"]


class TuneRange(StrictParams):
    """Numbers from `low` to `high`, both included."""

    low: float
    high: float
    log: bool = False
    """Orders of magnitude are tried evenly."""
    step: float | None = Field(default=None, gt=0)
    """Distance of the values; whole numbers are tried where low, high and step are whole."""

    @model_validator(mode="after")
    def _in_order(self) -> "TuneRange":
        if self.low >= self.high:
            raise ValueError(f"expected low below high, received {self.low:g} and {self.high:g}")
        if self.log and self.low <= 0:
            raise ValueError(f"expected low above 0 with log, received {self.low:g}")
        if self.log and self.step is not None:
            raise ValueError("expected log or step, received both")
        return self

    @property
    def whole(self) -> bool:
        """Whether the values are whole numbers."""
        numbers = (self.low, self.high, self.step or 0.5)
        return all(number == int(number) for number in numbers)


def _default_space() -> dict[str, TuneRange | list[Value]]:
    return {
        "train.learning_rate": TuneRange(low=1e-4, high=1e-2, log=True),
        "train.dropout": TuneRange(low=0.0, high=0.5),
        "train.label_smoothing": [0.0, 0.05, 0.1],
    }


class TuneParams(StrictParams):
    """What `vigia tune` tries."""

    trials: int = Field(default=20, ge=1)
    """Trials of the study in all; `--trials` says another number."""
    search: Search = "tpe"
    """Every combination, any, or those near the best so far (Bergstra et al. 2011)."""
    prune: bool = True
    """Stop a trial early whose validation accuracy lies below the median of the others at that epoch."""
    space: dict[str, TuneRange | list[Value]] = Field(default_factory=_default_space)
    """Key of this classifier's params -> a range, or a list of values."""


def suggest(trial: "optuna.Trial", space: Mapping[str, TuneRange | list[Value]]) -> dict[str, Value]:
    """One value of each key."""
    return {key: _suggest_one(trial, key, domain) for key, domain in space.items()}


def list_grid(space: Mapping[str, TuneRange | list[Value]], points: int = 4) -> dict[str, list[Value]]:
    """Every value of each key that a grid search combines; a range without a step gives `points` of them."""
    return {key: list(domain) if isinstance(domain, list) else _points(domain, points) for key, domain in space.items()}


def apply_values(section: Mapping[str, Any], values: Mapping[str, Value]) -> dict[str, Any]:
    """A classifier's section with the values of a trial in their places."""
    changed = {key: dict(part) if isinstance(part, Mapping) else part for key, part in section.items()}
    for key, value in values.items():
        *parents, last = key.split(".")
        node = changed
        for parent in parents:
            node[parent] = dict(node[parent])
            node = node[parent]
        node[last] = value
    return changed


def _suggest_one(trial: "optuna.Trial", key: str, domain: TuneRange | list[Value]) -> Value:
    if isinstance(domain, list):
        return cast("Value", trial.suggest_categorical(key, domain))
    if domain.whole:
        return trial.suggest_int(key, int(domain.low), int(domain.high), step=int(domain.step or 1))
    return trial.suggest_float(key, domain.low, domain.high, step=domain.step, log=domain.log)


def _points(domain: TuneRange, points: int) -> list[Value]:
    import numpy as np

    if domain.step is not None:
        count = int((domain.high - domain.low) / domain.step + 1e-9) + 1
        values = [domain.low + number * domain.step for number in range(count)]
    else:
        spread = np.geomspace if domain.log else np.linspace
        values = [float(value) for value in spread(domain.low, domain.high, points)]
    return [int(value) if domain.whole else round(value, 12) for value in values]
