"""Live streams by PyAV: a webcam, RTSP, MJPEG and other video over HTTP."""

import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from typing import Any, Final

from pipelines.classifying.video_frames import FRAMES_BETWEEN, to_image
from pipelines.errors import CameraError
from pipelines.images import Image
from stream.camera.addresses import SourceKind
from stream.camera.sources.opening import Address, describe_failure, open_stream
from stream.camera.sources.pictures import LONGEST_SIDE, SourceFrame, is_complete_jpeg

BROKEN_PACKETS: Final = 50
"""So many in a row that cannot be decoded are no passing disturbance."""


class LiveStream:
    """Frames as they come. A picture that already is a JPEG goes through as it is."""

    codec: str | None = None

    def __init__(self, address: Address, rate: float, longest: int | None) -> None:
        self.kind: SourceKind = address.kind
        self.shown = address.shown
        self._address = address
        self._rate = rate
        self._longest = longest or LONGEST_SIDE

    def frames(self) -> Iterator[SourceFrame]:
        with closing(open_stream(self._address)) as container:
            stream = container.streams.video[0]
            self.codec = stream.codec_context.name
            _spare_work(stream, self._rate)
            yield from self._read(container, stream)
        raise CameraError(f"Expected {self.shown} to go on, the camera ended the stream. It is opened again.")

    def _read(self, container: Any, stream: Any) -> Iterator[SourceFrame]:
        packets = container.demux(stream)
        broken = 0
        while (packet := self._next_packet(packets)) is not None:
            encoded = bytes(packet) if self.codec == "mjpeg" else b""
            if is_complete_jpeg(encoded):
                yield SourceFrame(partial(_same, encoded))
                continue
            decoded = _decode(packet)
            broken = broken + 1 if decoded is None else 0
            if broken == BROKEN_PACKETS:
                raise CameraError(
                    f"Expected video of {self.shown}, {broken} packets in a row cannot be decoded. "
                    "Check the network to the camera, or lower its resolution."
                )
            for frame in decoded or ():
                yield SourceFrame(partial(to_image, frame, self._longest))

    def _next_packet(self, packets: Iterator[Any]) -> Any | None:
        """None at the end of the stream."""
        import av

        began = time.monotonic()
        try:
            packet = next(packets)
        except (StopIteration, EOFError):
            return None
        except (av.FFmpegError, OSError, ValueError) as error:
            raise describe_failure(error, self._address, time.monotonic() - began) from None
        # the empty packet at the end asks the decoder for what it holds back: old frames, of no use
        return packet if packet.size else None


def _decode(packet: Any) -> Any:
    """Frames, often none for a while; None for what cannot be decoded."""
    import av

    try:
        return packet.decode()
    except (av.FFmpegError, OSError, ValueError):
        return None


def _same(encoded: bytes) -> bytes | Image:
    return encoded


def _spare_work(stream: Any, rate: float) -> None:
    """One thread a camera, and what no other frame needs is not decoded when most is thrown away anyway."""
    stream.codec_context.thread_count = 1
    if float(stream.average_rate or 0) >= FRAMES_BETWEEN * rate:
        stream.codec_context.skip_frame = "NONREF"
