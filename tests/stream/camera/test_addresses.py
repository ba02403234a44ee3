import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipelines.errors import CameraError
from stream.camera.addresses import fill_in_secrets, recognise_kind, redact


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("data/raw/cars", "folder"),
        ("cars.v2", "folder"),
        ("gate.mp4", "video"),
        ("/data/Gate.MKV", "video"),
        ("0", "webcam"),
        ("/dev/video2", "webcam"),
        ("rtsp://gate/stream", "rtsp"),
        ("RTSPS://gate/stream", "rtsp"),
        ("http://gate/video.mjpg", "http"),
        ("https://gate/a.mp4", "http"),
    ],
)
def test_a_source_is_recognised_by_its_text(source: str, kind: str) -> None:
    assert recognise_kind(source) == kind


@pytest.mark.parametrize("source", ["ftp://anna:pw@gate/x", "file:///etc/passwd", "concat://a|b"])
def test_an_address_of_another_scheme_is_refused_without_repeating_it(source: str) -> None:
    with pytest.raises(CameraError, match="rtsp://") as caught:
        recognise_kind(source)

    assert "pw" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("data/raw/cars", "data/raw/cars"),
        ("/data/a@b", "/data/a@b"),
        ("rtsp://gate:554/stream", "rtsp://gate:554/stream"),
        ("rtsp://anna:pw@gate:554/stream", "rtsp://***@gate:554/stream"),
        ("rtsp://anna:p/w@x@gate/stream", "rtsp://***@gate/stream"),
        ("rtsp://token@gate/s", "rtsp://***@gate/s"),
        ("rtsp:/anna:pw@gate/s", "***@gate/s"),
        ("anna:pw@gate/s", "***@gate/s"),
        ("rtsp://${USER}:${PASS}@gate/s", "rtsp://***@gate/s"),
        ("http://gate/cgi?user=anna&pwd=pw&channel=1", "http://gate/cgi?user=***&pwd=***&channel=1"),
        ("http://gate/cgi?channel=secret&resolution=1280x720", "http://gate/cgi?channel=***&resolution=1280x720"),
        ("rtsp://anna:p?w@gate/s", "rtsp://***"),
        ("http://gate/cgi?secret", "http://gate/cgi?***"),
        ("http://gate/cgi?user=a;pwd=b#c", "http://gate/cgi?user=***&pwd=***"),
        ("http://gate/cgi#secret", "http://gate/cgi"),
    ],
)
def test_a_source_is_shown_without_its_secrets(source: str, shown: str) -> None:
    assert redact(source) == shown
    assert redact(shown) == shown


# not part of any other piece of the address, so that finding it means that it leaked
secrets = st.text(min_size=1, max_size=30).map(lambda text: f"§{text}§")


@given(user=secrets, password=secrets, scheme=st.sampled_from(["rtsp://", "rtsps://", "http://", "HTTPS://", ""]))
def test_no_user_and_password_ever_survive(user: str, password: str, scheme: str) -> None:
    shown = redact(f"{scheme}{user}:{password}@gate:554/stream")

    assert "§" not in shown
    assert shown.endswith("***") if "?" in user + password else shown.endswith("***@gate:554/stream")


@given(name=st.from_regex(r"[a-z]{1,12}", fullmatch=True), value=secrets)
@example(name="pwd", value="§&fps=§")
@example(name="fps", value="§")
@example(name="pwd", value="§@§")
def test_no_value_of_a_query_ever_survives(name: str, value: str) -> None:
    assert "§" not in redact(f"http://gate/x?a=1&{name}={value}&b=2")


def test_secrets_come_from_the_environment_quoted_where_an_address_needs_it() -> None:
    environment = {"USER": "anna", "PASS": "p@s/s%:", "KEY": "a b", "CAMERA": "rtsp://gate/s"}

    def fill(source: str) -> str:
        return fill_in_secrets(source, environment)

    assert fill("rtsp://${USER}:${PASS}@gate/s") == "rtsp://anna:p%40s%2Fs%25:@gate/s"
    assert fill("http://gate/s?key=${KEY}") == "http://gate/s?key=a b"
    assert fill("${CAMERA}") == "rtsp://gate/s"
    assert fill("data/$raw/{x}") == "data/$raw/{x}"


def test_a_variable_that_is_not_set_is_named() -> None:
    with pytest.raises(CameraError, match="PASS") as caught:
        fill_in_secrets("rtsp://anna:${PASS}@gate/s", {})

    assert "anna" not in str(caught.value)
