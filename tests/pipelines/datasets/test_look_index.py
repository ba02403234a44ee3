import numpy as np

from pipelines.datasets.look_index import FILED_UNDER_A_KEY, LookIndex, filing_keys, probing_keys
from pipelines.datasets.perceptual_hash import take_look
from pipelines.datasets.views import Floats, describe_looks
from pipelines.images import Image
from tests.pipelines.datasets.scenes import crop, make_scene, resave


def describe(*images: Image) -> Floats:
    looks = [take_look(image) for image in images]
    return describe_looks(np.stack([each.tone for each in looks]), np.stack([each.chroma for each in looks]))


def fill(descriptions: Floats) -> LookIndex:
    index = LookIndex(len(descriptions))
    keys = filing_keys(descriptions)
    for number, description in enumerate(descriptions):
        index.add(number, description, keys[number].tolist())
    return index


def test_a_changed_picture_finds_its_original_among_hundreds_and_few_others() -> None:
    scenes = [make_scene(seed, side=64) for seed in range(300)]
    index = fill(describe(*scenes)[:, 0])
    views = describe(*(resave(scene, crop(0.03, 0.05, 0.02, 0), quality=50) for scene in scenes[:60]))
    keys = probing_keys(views)

    found = [index.find(set(keys[number].tolist())) for number in range(60)]

    assert sum(number in each for number, each in enumerate(found)) >= 58
    assert np.mean([len(each) for each in found]) < 5


def test_measured_distances_are_those_of_the_views() -> None:
    descriptions = describe(make_scene(1), make_scene(2), make_scene(3))
    index = fill(descriptions[:, 0])

    measured = index.measure(descriptions[2], np.array([0, 2]))

    expected = np.linalg.norm(descriptions[[0, 2], None, 0] - descriptions[2], axis=2)
    assert measured.shape == (2, descriptions.shape[1])
    assert np.allclose(measured, expected, atol=1e-3)


def test_of_very_many_equal_pictures_the_first_are_kept_under_a_key() -> None:
    one = describe(make_scene(1))
    index = fill(np.repeat(one[:, 0], 100, axis=0))

    found = index.find(probing_keys(one)[0].tolist())

    assert found.tolist() == list(range(FILED_UNDER_A_KEY))


def test_a_picture_is_looked_up_under_every_key_it_is_filed_under() -> None:
    views = describe(*(make_scene(seed) for seed in range(20)))

    filed, probed = filing_keys(views[:, 0]), probing_keys(views)

    assert all(set(own.tolist()) <= set(tried.tolist()) for own, tried in zip(filed, probed, strict=True))
    assert all(len(set(own.tolist())) == len(own) for own in filed), "tables keep their keys apart"
