"""Views of drawn scenes: which are called out, which are not, and how long it takes."""

import itertools
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pytest

from pipelines.images import Image
from stream.camera.views import DEFAULT_PARAMS, View, ViewWatch, blurred_below, measure_signs
from tests.stream.camera.scenes import cover, darken, defocus, draw_night, draw_street, with_fog, with_noise

PAST_SECONDS = 180


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(11)


def judge_all(watch: ViewWatch, images: Iterable[Image], *, start: float = 0.0) -> list[View]:
    """One picture a second."""
    return [watch.judge(image, now=start + second) for second, image in enumerate(images)]


def living(scene: Image, rng: np.random.Generator, seconds: int) -> Iterator[Image]:
    """A still scene with the noise of a sensor, a few pictures in turn: drawing noise takes long."""
    return itertools.islice(itertools.cycle([with_noise(scene, rng) for _ in range(4)]), seconds)


@pytest.mark.parametrize("scene", [draw_street(), draw_night(), with_fog(draw_street())], ids=["day", "night", "fog"])
def test_a_scene_that_shows_something_is_ok(scene: Image, rng: np.random.Generator) -> None:
    assert set(judge_all(ViewWatch(), living(scene, rng, 120))) == {"ok"}


def test_a_camera_that_pans_is_ok() -> None:
    pictures = (draw_street(shift=12 * second % 1200) for second in range(250))

    assert set(judge_all(ViewWatch(), pictures)) == {"ok"}


def test_dusk_that_comes_slowly_is_ok_until_nothing_is_seen(rng: np.random.Generator) -> None:
    street = draw_street()
    lights = np.geomspace(1.0, 0.25, 60)
    pictures = (frame for light in lights for frame in living((street * light).astype(np.uint8), rng, 15))

    assert set(judge_all(ViewWatch(), pictures)) == {"ok"}


@pytest.mark.parametrize(
    ("fault", "view"),
    [(darken, "dark"), (cover, "blocked"), (lambda image: defocus(image, 6.0), "blurred")],
    ids=["dark", "covered", "out of focus"],
)
def test_a_fault_is_believed_within_seconds_and_forgotten_as_fast(
    fault: Callable[[Image], Image], view: View, rng: np.random.Generator
) -> None:
    street, watch = draw_street(), ViewWatch()
    assert set(judge_all(watch, living(street, rng, PAST_SECONDS))) == {"ok"}

    during = judge_all(watch, living(fault(street), rng, 10), start=PAST_SECONDS)
    after = judge_all(watch, living(street, rng, 10), start=PAST_SECONDS + 10)

    assert during == ["ok"] * 3 + [view] * 7
    assert after == [view] * 3 + ["ok"] * 7


def test_one_bad_picture_says_nothing(rng: np.random.Generator) -> None:
    street, watch = draw_street(), ViewWatch()
    pictures = [
        darken(street) if second % 4 < 2 else with_noise(street, rng)  # two seconds dark, two light
        for second in range(40)
    ]

    assert set(judge_all(watch, pictures)) == {"ok"}


def test_the_first_pictures_are_never_blurred(rng: np.random.Generator) -> None:
    watch, params = ViewWatch(), DEFAULT_PARAMS
    soon = int(params.past_seconds * params.past_least / 2)

    assert set(judge_all(watch, living(draw_street(), rng, soon))) == {"ok"}
    assert set(judge_all(watch, living(defocus(draw_street(), 6.0), rng, soon - 10), start=soon)) == {"ok"}


def test_a_camera_that_was_never_sharp_is_not_blurred(rng: np.random.Generator) -> None:
    assert set(judge_all(ViewWatch(), living(defocus(draw_street(), 6.0), rng, 300))) == {"ok"}


def test_pictures_that_differ_much_among_themselves_need_a_stronger_fall() -> None:
    alike = [1.0, 1.1, 0.9] * 20
    different = [0.1, 1.0, 10.0] * 20

    assert blurred_below(alike, DEFAULT_PARAMS) == pytest.approx(0.3)
    assert blurred_below(different, DEFAULT_PARAMS) < 0.001


def test_fog_lowers_contrast_and_not_sharpness() -> None:
    street = draw_street()

    assert measure_signs(with_fog(street)).sharpness == pytest.approx(measure_signs(street).sharpness, rel=0.1)


def test_a_picture_that_is_repeated_is_frozen_until_another_comes(rng: np.random.Generator) -> None:
    still, watch = with_noise(draw_street(), rng), ViewWatch()

    views = judge_all(watch, itertools.repeat(still, 40))

    assert views == ["ok"] * 30 + ["frozen"] * 10
    assert watch.judge(with_noise(draw_street(), rng), now=40) == "ok"


def test_the_time_written_into_a_frozen_picture_does_not_hide_it(rng: np.random.Generator) -> None:
    still = with_noise(draw_street(), rng)

    def with_clock(second: int) -> Image:
        picture = still.copy()
        picture[5:30, 10 : 200 + 5 * (second % 3)] = 255 * (second % 2)
        return picture

    assert judge_all(ViewWatch(), map(with_clock, range(40)))[-1] == "frozen"


def test_a_still_scene_in_which_something_small_moves_is_not_frozen() -> None:
    def with_bird(second: int) -> Image:
        picture = draw_street()
        x, y = 40 + 12 * (second % 40), 60 + second % 3 * 20
        picture[y : y + 25, x : x + 25] = 10
        return picture

    assert set(judge_all(ViewWatch(), map(with_bird, range(120)))) == {"ok"}


def test_two_pictures_an_hour_that_are_alike_are_not_frozen_yet() -> None:
    watch, street = ViewWatch(), draw_street()

    assert [watch.judge(street, now=now) for now in (0.0, 1800.0)] == ["ok", "ok"]


def test_an_empty_picture_that_is_repeated_is_dark_and_not_frozen() -> None:
    black = np.zeros((360, 640, 3), np.uint8)

    assert set(judge_all(ViewWatch(), itertools.repeat(black, 60))[3:]) == {"dark"}


@pytest.mark.parametrize("size_hw", [(8, 8), (8, 3000), (3000, 8), (97, 61), (1080, 1920)])
def test_pictures_of_any_size_are_judged(size_hw: tuple[int, int]) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (*size_hw, 3), dtype=np.uint8)

    assert ViewWatch().judge(picture, now=0) == "ok"


def test_a_camera_that_changes_its_size_goes_on(rng: np.random.Generator) -> None:
    watch, street = ViewWatch(), draw_street()
    judge_all(watch, living(street, rng, PAST_SECONDS))

    assert set(judge_all(watch, living(street[::2, ::2], rng, 60), start=PAST_SECONDS)) == {"ok"}
