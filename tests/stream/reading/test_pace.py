from stream.reading.pace import BATCH_SECONDS, FIRST_FRAMES, MOST_FRAMES, PATIENT_SECONDS, REALTIME_SECONDS, Pace


def test_a_batch_of_a_fast_model_grows_to_the_most() -> None:
    pace = Pace()
    for _ in range(10):
        pace.observe(pace.frames, 0.0005 * pace.frames)

    assert pace.frames == MOST_FRAMES


def test_a_batch_of_a_slow_model_takes_no_longer_than_it_may() -> None:
    pace = Pace()
    for _ in range(20):
        pace.observe(pace.frames, 0.02 * pace.frames)

    assert pace.frames == int(PATIENT_SECONDS / 0.02)


def test_batches_are_short_while_a_realtime_camera_sends_and_a_while_after() -> None:
    now = [100.0]
    pace = Pace(clock=lambda: now[0])

    def settle(realtime: bool) -> int:
        pace.observe(pace.frames, 0.02 * pace.frames, realtime=realtime)
        for _ in range(20):
            pace.observe(pace.frames, 0.02 * pace.frames)
        return pace.frames

    short, in_flight = settle(realtime=True), pace.in_flight
    now[0] += REALTIME_SECONDS

    assert (short, in_flight) == (int(BATCH_SECONDS / 0.02), 3 * short)
    assert settle(realtime=False) == int(PATIENT_SECONDS / 0.02)
    assert pace.in_flight == 2 * pace.frames


def test_however_slow_the_model_is_a_batch_holds_a_frame() -> None:
    pace = Pace()
    pace.observe(FIRST_FRAMES, 60.0)

    assert pace.frames == 1


def test_one_lucky_batch_does_no_more_than_double_the_next() -> None:
    pace = Pace()
    pace.observe(4, 0.0)

    assert pace.frames == 2 * FIRST_FRAMES
