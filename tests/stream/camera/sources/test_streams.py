"""Live streams against real servers: GStreamer's RTSP and an MJPEG server."""

import socket
from itertools import islice
from pathlib import Path

import av
import numpy as np
import pytest

from pipelines.errors import CameraError
from stream.camera.addresses import SourceKind
from stream.camera.sources import opening
from stream.camera.sources.opening import Address
from stream.camera.sources.pictures import SourceFrame, measure_jpeg
from stream.camera.sources.streams import LiveStream
from tests.pipelines.classifying.artefacts import write_video
from tests.stream.camera.servers import H264, JPEG, RTSP_PASSWORD, MjpegServer, serve_mjpeg, serve_rtsp
from tests.stream.fakes import draw_jpeg

pytestmark = pytest.mark.integration


def read(source: LiveStream, count: int) -> list[SourceFrame]:
    frames = source.frames()
    return list(islice(frames, count))


def stream(kind: SourceKind, url: str, longest: int | None = None) -> LiveStream:
    return LiveStream(Address(kind, url, "the camera"), 25, longest)


def refuse(kind: SourceKind, url: str) -> str:
    with pytest.raises(CameraError) as caught:
        read(stream(kind, url), 1)
    assert url not in str(caught.value)
    assert caught.value.__cause__ is None, "a traceback would show the address"
    return str(caught.value)


def test_h264_over_rtsp_is_decoded_and_scaled() -> None:
    with serve_rtsp(H264) as server:
        source = stream("rtsp", server.url(), longest=160)

        shapes = {np.asarray(frame.load()).shape for frame in read(source, 5)}

    assert (source.codec, shapes) == ("h264", {(120, 160, 3)})


def test_jpeg_over_rtsp_goes_through_as_it_is() -> None:
    with serve_rtsp(JPEG) as server:
        source = stream("rtsp", server.url())

        pictures = [frame.load() for frame in read(source, 3)]

    assert source.codec == "mjpeg"
    assert all(isinstance(picture, bytes) and measure_jpeg(picture) == (320, 240) for picture in pictures)


@pytest.mark.parametrize("method", ["basic", "digest"])
def test_a_camera_with_a_password_shows_itself_to_those_who_know_it(method: str) -> None:
    with serve_rtsp(JPEG, method) as server:
        assert read(stream("rtsp", server.url(f"anna:{RTSP_PASSWORD}")), 1)
        for user in ("anna:wrong", ""):
            assert "(401)" in refuse("rtsp", server.url(user))


def test_a_stream_that_the_camera_does_not_have_is_named() -> None:
    with serve_rtsp(JPEG) as server:
        assert "(404)" in refuse("rtsp", server.url(path="nowhere"))


def test_parts_of_mjpeg_over_http_go_through_as_they_are() -> None:
    parts = [draw_jpeg(50), draw_jpeg(200)]
    with serve_mjpeg(MjpegServer(parts)) as server:
        assert [frame.load() for frame in read(stream("http", server.url), 4)] == parts * 2


def test_a_video_over_http_is_decoded(tmp_path: Path) -> None:
    video = write_video(tmp_path / "a.ts", ["red"]).read_bytes()
    with serve_mjpeg(MjpegServer([], body=video, kind="video/mp2t")) as server:
        (frame,) = read(stream("http", server.url), 1)

    assert np.asarray(frame.load()).shape == (64, 96, 3)


def test_a_stream_that_ends_is_an_error_so_that_it_is_opened_again() -> None:
    with serve_mjpeg(MjpegServer([draw_jpeg()], parts_a_viewer=3)) as server:
        frames = stream("http", server.url).frames()

        assert len(list(islice(frames, 3))) == 3
        with pytest.raises(CameraError, match=r"ended the stream|broke off"):
            next(frames)


@pytest.mark.parametrize(
    ("status", "words"), [(401, "(401)"), (403, "(403)"), (404, "(404)"), (500, "answered with an error")]
)
def test_what_a_camera_answers_over_http_is_told_with_its_mend(status: int, words: str) -> None:
    with serve_mjpeg(MjpegServer([], status=status)) as server:
        assert words in refuse("http", server.url.replace("//", "//anna:pw@"))


@pytest.mark.parametrize("kind", ["text/html", "multipart/x-mixed-replace; boundary=frame"])
def test_what_is_no_video_is_an_error(kind: str) -> None:
    with serve_mjpeg(MjpegServer([b"rubble" * 50], kind=kind, pause_seconds=0.001)) as server:
        assert "Expected" in refuse("http", server.url)


def test_a_camera_that_is_switched_off_refuses_the_connection() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for kind in ("rtsp", "http"):
        assert "connection refused" in refuse(kind, f"{kind}://127.0.0.1:{port}/x")


@pytest.mark.parametrize("kind", ["rtsp", "http"])
def test_a_camera_that_accepts_and_says_nothing_is_given_up(kind: SourceKind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "OPEN_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert "none came" in refuse(kind, f"{kind}://127.0.0.1:{silent.getsockname()[1]}/x")


def test_a_stream_that_falls_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "READ_SECONDS", 0.5)
    with (
        serve_mjpeg(MjpegServer([draw_jpeg()], silent_after=40)) as server,
        pytest.raises(CameraError, match="none came"),
    ):
        read(stream("http", server.url), 1000)


def test_a_webcam_that_is_missing_is_named_with_its_mend() -> None:
    assert "no such device" in refuse("webcam", "/dev/video97")


def test_a_file_that_is_no_webcam_is_refused(tmp_path: Path) -> None:
    (tmp_path / "video0").write_bytes(draw_jpeg())

    assert "Expected" in refuse("webcam", str(tmp_path / "video0"))


def test_a_webcam_that_leaves_out_its_jpeg_tables_is_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # no webcam here: what one sends, from a file, by the same code
    monkeypatch.setattr(opening, "FORMATS", {"webcam": "mjpeg"})
    monkeypatch.setattr("stream.camera.sources.streams.is_complete_jpeg", lambda encoded: False)
    (tmp_path / "video0").write_bytes(draw_jpeg(200) * 5)

    frames = read(stream("webcam", str(tmp_path / "video0")), 3)

    assert [np.asarray(frame.load()).shape for frame in frames] == [(32, 32, 3)] * 3


def test_decoded_frames_larger_than_a_worker_takes_are_scaled_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stream.camera.sources.streams.is_complete_jpeg", lambda encoded: False)
    with av.open(str(tmp_path / "large.mkv"), "w") as container:
        large = container.add_stream("mjpeg", rate=5, options={"qmin": "20", "qmax": "31"})
        large.width, large.height, large.pix_fmt = 10_000, 10_000, "yuvj420p"
        for packet in [*large.encode(av.VideoFrame(10_000, 10_000, "yuvj420p")), *large.encode()]:
            container.mux(packet)
    source = LiveStream(Address("http", str(tmp_path / "large.mkv"), "the camera"), 5, None)

    (frame,) = read(source, 1)

    assert np.asarray(frame.load()).shape == (4096, 4096, 3)
