import numpy as np

from pipelines.bench.decode import SIZES, decode_ours, decode_pillow, decode_ratios, measure_decoding
from pipelines.bench.pictures import draw_pictures


def test_both_ways_of_decoding_bring_pixels_of_the_same_size() -> None:
    (encoded,) = draw_pictures((320, 240), 1)

    ours, pillow = decode_ours(encoded, 64), decode_pillow(encoded, 64)

    assert ours.shape == pillow.shape == (64, 64, 3)
    assert np.abs(ours.astype(int) - pillow.astype(int)).mean() < 8


def test_every_decoder_is_measured_at_every_size_in_every_round() -> None:
    said: list[str] = []

    lanes = measure_decoding(2, said.append, seconds=0.0)

    counted = [lane for lane in lanes if lane.counts]
    assert {len(lane.rounds) for lane in counted} == {2}
    assert {f"ours {width}x{height}" for width, height in SIZES} <= {lane.name for lane in counted}
    assert all(found is not None and found.median > 0 for found in decode_ratios(lanes).values())
    assert said == ["round 1 of 2", "round 2 of 2"]
