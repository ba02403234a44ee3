import numpy as np

from pipelines.datasets.perceptual_hash import LOOK_BYTES, hash_look, take_look, unpack_looks
from tests.pipelines.datasets.scenes import keep, make_scene, mirror, resave, scale


def count_different_bits(first: str, second: str) -> int:
    return (int(first, 16) ^ int(second, 16)).bit_count()


def test_the_hash_hardly_changes_when_a_picture_is_scaled_and_saved_again() -> None:
    for seed in range(10):
        scene = make_scene(seed)

        smaller = resave(scene, scale(0.6), quality=60)

        assert count_different_bits(hash_look(take_look(scene)), hash_look(take_look(smaller))) <= 10


def test_hashes_of_other_pictures_and_of_the_mirrored_one_differ_in_many_bits() -> None:
    hashes = [hash_look(take_look(make_scene(seed))) for seed in range(10)]
    mirrored = [hash_look(take_look(resave(make_scene(seed), mirror))) for seed in range(10)]

    assert all(len(each) == 16 for each in hashes)
    assert all(count_different_bits(hashes[0], other) > 12 for other in hashes[1:])
    assert all(count_different_bits(one, other) > 12 for one, other in zip(hashes, mirrored, strict=True))


def test_looks_come_back_from_their_bytes() -> None:
    looks = [take_look(make_scene(seed)) for seed in range(3)]

    tones, chromas = unpack_looks(
        np.frombuffer(b"".join(each.pack() for each in looks), np.uint8).reshape(3, LOOK_BYTES)
    )

    assert all(np.array_equal(tone, each.tone) for tone, each in zip(tones, looks, strict=True))
    assert all(np.array_equal(chroma, each.chroma) for chroma, each in zip(chromas, looks, strict=True))


def test_a_picture_of_eight_pixels_has_a_look_too() -> None:
    look = take_look(resave(make_scene(1), scale(0.08)))

    assert (look.tone.shape, look.chroma.shape) == ((32, 32), (8, 8, 2))
    assert look.tone.std() > 0


def test_more_light_changes_the_tone_less_than_the_picture() -> None:
    scene = make_scene(4)
    lighter = np.minimum(resave(scene, keep).astype(np.uint16) * 2 // 3 + 80, 255).astype(np.uint8)

    change = np.abs(take_look(scene).tone.astype(int) - take_look(lighter).tone).mean()

    assert change < 0.7 * np.abs(scene.astype(int) - lighter).mean()
