import pytest

from pipelines.training.params import Schedule, TrainPlan
from pipelines.training.schedules import PLATEAU_EPOCHS, count_plateaus, learning_rate_at

STEPS = 200


def rates(schedule: Schedule, plateaus: int = 0) -> list[float]:
    plan = TrainPlan(schedule=schedule, learning_rate=0.1, warmup=0.1)
    return [learning_rate_at(step, STEPS, plan, plateaus) for step in range(STEPS)]


@pytest.mark.parametrize("schedule", ["constant", "step", "cosine", "plateau"])
def test_the_rate_rises_to_its_highest_in_the_warm_up_and_never_exceeds_it(schedule: Schedule) -> None:
    values = rates(schedule)

    assert values[0] == pytest.approx(0.01)
    assert values[:21] == sorted(values[:21])
    assert max(values) == values[20] == pytest.approx(0.1)


def test_a_cosine_falls_to_a_fiftieth() -> None:
    values = rates("cosine")

    assert values[20:] == sorted(values[20:], reverse=True)
    assert values[-1] == pytest.approx(0.002, rel=0.05)


def test_steps_divide_by_ten_at_half_and_at_three_quarters() -> None:
    values = rates("step")

    assert values[99] == pytest.approx(0.1)
    assert values[100] == pytest.approx(0.01)
    assert values[150] == values[-1] == pytest.approx(0.001)


def test_a_constant_rate_stays() -> None:
    assert set(rates("constant")[20:]) == {0.1}


def test_each_plateau_divides_by_three() -> None:
    assert rates("plateau", plateaus=2)[-1] == pytest.approx(0.1 / 9)


def test_without_a_warm_up_the_first_step_is_at_the_highest_rate() -> None:
    plan = TrainPlan(learning_rate=0.1, warmup=0)

    assert learning_rate_at(0, STEPS, plan) == pytest.approx(0.1)


def test_a_plateau_is_a_run_of_epochs_without_a_lower_loss() -> None:
    assert count_plateaus([3, 2, 1]) == 0
    assert count_plateaus([1] + [2] * PLATEAU_EPOCHS) == 1
    assert count_plateaus([1] + [2] * (PLATEAU_EPOCHS - 1) + [0.5] + [2] * (PLATEAU_EPOCHS - 1)) == 0
    assert count_plateaus([1] + [2] * 2 * PLATEAU_EPOCHS) == 2
