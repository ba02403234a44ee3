"""One question to a Kafka broker, in its own protocol and without a client: ApiVersions.

Request and answer are those of the protocol guide, ApiVersions version 3 (KIP-511, KIP-584).
"""

import socket
import struct
from dataclasses import dataclass
from typing import Final

_API_KEY: Final = 18
_VERSION: Final = 3
_CORRELATION_ID: Final = 0x7669
_SUPPORTED_FEATURES_TAG: Final = 0
_MAX_ANSWER_BYTES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class BrokerAnswer:
    """What a broker said about itself."""

    features: dict[str, int]
    """Feature -> highest level that the broker's software supports; empty before Kafka 2.7."""


def ask_broker(address: str, timeout_seconds: float) -> BrokerAnswer | None:
    """The answer of the broker at `host:port`; None when it is away, silent or not a Kafka broker."""
    host, _, port = address.strip().rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=timeout_seconds) as connection:
            connection.settimeout(timeout_seconds)
            connection.sendall(build_request())
            return parse_answer(_receive(connection))
    except (OSError, ValueError, IndexError, struct.error):
        return None


def build_request() -> bytes:
    """The whole request, size prefix included."""
    header = struct.pack(">hhih", _API_KEY, _VERSION, _CORRELATION_ID, -1) + b"\0"
    body = _compact_string("vigia") + _compact_string("1") + b"\0"
    return struct.pack(">i", len(header + body)) + header + body


def parse_answer(answer: bytes) -> BrokerAnswer:
    """Parse an answer without its size prefix. Raises ValueError, IndexError or struct.error for anything else."""
    correlation_id, error_code = struct.unpack_from(">ih", answer)
    if correlation_id != _CORRELATION_ID:
        raise ValueError(f"Expected the answer to request {_CORRELATION_ID}, received {correlation_id}.")
    if error_code != 0:  # an older broker: it answers, in a version of its own
        return BrokerAnswer({})
    reader = _Reader(answer, 6)
    for _ in range(reader.varint() - 1):
        reader.skip(6)  # key, lowest and highest version of one kind of request
        reader.skip_tags()
    reader.skip(4)  # throttle time
    return BrokerAnswer(_supported_features(reader))


def _supported_features(reader: "_Reader") -> dict[str, int]:
    features: dict[str, int] = {}
    for _ in range(reader.varint()):
        tag, size = reader.varint(), reader.varint()
        if tag != _SUPPORTED_FEATURES_TAG:
            reader.skip(size)
            continue
        for _ in range(reader.varint() - 1):
            name = reader.take(reader.varint() - 1).decode()
            _lowest, highest = struct.unpack(">hh", reader.take(4))
            reader.skip_tags()
            features[name] = highest
    return features


def _receive(connection: socket.socket) -> bytes:
    (size,) = struct.unpack(">i", _receive_exactly(connection, 4))
    if not 6 <= size <= _MAX_ANSWER_BYTES:
        raise ValueError(f"Expected an answer of 6 to {_MAX_ANSWER_BYTES} bytes, received {size}.")
    return _receive_exactly(connection, size)


def _receive_exactly(connection: socket.socket, size: int) -> bytes:
    received = bytearray()
    while len(received) < size:
        part = connection.recv(size - len(received))
        if not part:
            raise ConnectionError("Expected an answer, the connection was closed.")
        received += part
    return bytes(received)


def _compact_string(text: str) -> bytes:
    return bytes([len(text) + 1]) + text.encode()


class _Reader:
    """A position in bytes of Kafka's flexible encoding."""

    def __init__(self, content: bytes, position: int) -> None:
        self._content = content
        self._position = position

    def take(self, size: int) -> bytes:
        if size < 0 or self._position + size > len(self._content):
            raise ValueError(f"Expected {size} more bytes at {self._position} of {len(self._content)}.")
        self._position += size
        return self._content[self._position - size : self._position]

    def skip(self, size: int) -> None:
        self.take(size)

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def skip_tags(self) -> None:
        for _ in range(self.varint()):
            self.varint()
            self.skip(self.varint())
