from stream.monitoring.camera_labels import IDLE_SECONDS, CameraLabels


def test_cameras_beyond_the_bound_share_one_label() -> None:
    labels = CameraLabels(lambda camera_id: None, most=2)

    assert [labels.label(name) for name in ("a", "b", "c", "a", "d")] == ["a", "b", "other", "a", "other"]


def test_a_message_that_died_before_its_camera_was_known_takes_no_place() -> None:
    labels = CameraLabels(lambda camera_id: None, most=1)

    assert [labels.label(None), labels.label("a")] == ["unknown", "a"]


def test_a_camera_that_was_silent_for_an_hour_gives_its_place_away() -> None:
    now = [0.0]
    forgotten: list[str] = []
    labels = CameraLabels(forgotten.append, most=2, clock=lambda: now[0])
    labels.label("a")
    now[0] = 1.0
    labels.label("b")

    now[0] = IDLE_SECONDS + 0.5

    assert labels.label("c") == "c"
    assert forgotten == ["a"]
    assert labels.label("a") == "other"
