import pytest

from pipelines.datasets.drawing.animals.anatomy import Bearing, Part, Stance, build_animal
from pipelines.datasets.drawing.animals.breeds import BREEDS, Breed
from pipelines.datasets.drawing.arrays import floats

STANCES: tuple[Stance, ...] = ("stand", "sit", "lie")


def _bear(stance: Stance) -> Bearing:
    return Bearing(stance, 20.0, 5.0, 3.0, stride=0.4, tail_lift=0.5, panting=True)


@pytest.mark.parametrize("stance", STANCES)
@pytest.mark.parametrize("breed", BREEDS, ids=lambda breed: breed.name)
def test_every_breed_stands_on_the_ground_in_every_stance(breed: Breed, stance: Stance) -> None:
    balls, head = build_animal(breed, _bear(stance))

    lowest = float((balls.centres[:, 1] - balls.radii).min())
    assert -0.12 < lowest < 0.05
    assert head.centre[1] > 0.3
    assert {Part.BODY, Part.LEG, Part.TAIL, Part.HEAD, Part.MUZZLE, Part.EAR} <= set(balls.parts.tolist())


def test_only_dogs_have_a_nose_that_stands_out_and_a_tongue() -> None:
    for breed in BREEDS:
        balls, _ = build_animal(breed, _bear("stand"))

        assert (Part.NOSE in balls.parts) == (breed.species == "dogs")
        assert (Part.TONGUE in balls.parts) == (breed.species == "dogs")


def test_a_spot_on_the_head_is_found_again() -> None:
    _, head = build_animal(BREEDS[0], _bear("sit"))
    spots = floats([(1.0, 0.2, -0.3), (0.0, 1.0, 0.0)])

    assert head.locate(head.place(spots)) == pytest.approx(spots, abs=1e-5)
