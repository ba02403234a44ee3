from stream.bench.envelope import measure_envelope


def test_both_openers_are_measured_and_bring_the_same_bytes() -> None:
    lanes = measure_envelope(1, lambda _: None, seconds=0.0)

    assert [lane.name for lane in lanes] == ["ours", "standard library"]
    assert all(lane.counts for lane in lanes)
