import asyncio
import os
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from stream.broker.embedded import answers, broker_version, embedded_kafka_command, release_of
from stream.broker.jars import load_jar_lock
from stream.broker.topics import LARGEST_FRAME_BYTES
from stream.messages import FRAMES_TOPIC
from tests.stream.embedded_kafka import EmbeddedKafka


def test_the_command_loads_the_locked_jars_and_no_others() -> None:
    command = embedded_kafka_command(Path("/home"), "127.0.0.1", 19092, 19093)

    class_path = command[command.index("-cp") + 1].split(os.pathsep)
    assert [Path(path).name for path in class_path] == [jar.file_name for jar in load_jar_lock()]


def test_the_command_names_the_ports_of_this_start() -> None:
    command = embedded_kafka_command(Path("/home"), "127.0.0.1", 19500, 19501)

    assert "listeners=PLAINTEXT://127.0.0.1:19500,CONTROLLER://127.0.0.1:19501" in command


def test_a_path_with_an_accent_brings_its_locale_because_java_decodes_paths_by_it() -> None:
    plain = embedded_kafka_command(Path("/home"), "127.0.0.1", 1, 2)
    accented = embedded_kafka_command(Path("/Vigía"), "127.0.0.1", 1, 2)

    assert "LC_ALL=C.UTF-8" not in plain
    assert accented[1] == "LC_ALL=C.UTF-8"


@pytest.mark.parametrize(("level", "release"), [(3, None), (7, "3.3"), (21, "3.9"), (25, "4.0"), (30, "4.3")])
def test_a_metadata_level_tells_the_release(level: int, release: str | None) -> None:
    assert release_of(level) == release


def test_a_port_where_nobody_listens_does_not_answer() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{bound.getsockname()[1]}"

        assert not answers(address, 1.0)
        assert broker_version(address, 1.0) is None


@pytest.mark.parametrize("bootstrap", ["", "no-port", "127.0.0.1:many", "127.0.0.1:99999999"])
def test_an_address_that_is_none_does_not_answer(bootstrap: str) -> None:
    assert not answers(bootstrap, 1.0)


@pytest.fixture
def web_server() -> Iterator[str]:
    """Accepts a connection and speaks another protocol."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            try:
                while True:
                    connection, _ = server.accept()
                    with connection:
                        connection.recv(1024)
                        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            except OSError:  # the test is over
                return

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_a_server_that_speaks_another_protocol_is_no_broker(web_server: str) -> None:
    assert not answers(web_server, 1.0)


@pytest.mark.integration
def test_a_real_kafka_answers_and_tells_its_release(kafka: str) -> None:
    assert answers(kafka, 60.0)
    assert broker_version(kafka, 60.0) == "4.3"


@pytest.mark.integration
def test_one_broker_of_the_list_is_enough(kafka: str) -> None:
    assert answers(f"127.0.0.1:1,{kafka}", 60.0)


@pytest.mark.integration
def test_frames_survive_kill_9_and_a_start_on_another_port_under_the_same_cluster_id(tmp_path: Path) -> None:
    frames = [f"frame {number}".encode() for number in range(100)] + [bytes(LARGEST_FRAME_BYTES)]
    with EmbeddedKafka(tmp_path) as broker:
        asyncio.run(send(broker.bootstrap, frames))
        first_port, identity = broker.port, (tmp_path / "kafka" / "data" / "meta.properties").read_text()

        broker.stop(signal.SIGKILL)
        broker.start()

        assert broker.port != first_port
        assert sorted(asyncio.run(receive(broker.bootstrap, len(frames)))) == sorted(frames)
        assert (tmp_path / "kafka" / "data" / "meta.properties").read_text() == identity


@pytest.mark.integration
def test_a_format_that_was_killed_halfway_is_done_again(tmp_path: Path) -> None:
    rest = tmp_path / "kafka" / "data.partial"
    rest.mkdir(parents=True)
    (rest / "meta.properties").write_text("half")

    with EmbeddedKafka(tmp_path) as broker:
        assert answers(broker.bootstrap, 60.0)

    assert not rest.exists()


@pytest.mark.integration
def test_the_broker_listens_on_the_loopback_alone(tmp_path: Path) -> None:
    with EmbeddedKafka(tmp_path) as broker:
        connections = psutil.Process(broker.pid).net_connections(kind="inet")

    listening = {each.laddr.ip.removeprefix("::ffff:") for each in connections if each.status == psutil.CONN_LISTEN}
    assert listening == {"127.0.0.1"}


async def send(bootstrap: str, frames: list[bytes]) -> None:
    from aiokafka import AIOKafkaProducer

    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", max_request_size=4_000_000) as producer:
        for frame in frames:
            await producer.send_and_wait(FRAMES_TOPIC, frame, key=b"cam01")


async def receive(bootstrap: str, count: int) -> list[bytes]:
    """The frames on the topic from its beginning, at least so many."""
    from aiokafka import AIOKafkaConsumer

    found: list[bytes] = []
    async with AIOKafkaConsumer(FRAMES_TOPIC, bootstrap_servers=bootstrap, auto_offset_reset="earliest") as consumer:
        async with asyncio.timeout(120):
            while len(found) < count:
                for records in (await consumer.getmany(timeout_ms=500)).values():
                    found += [record.value for record in records]
    return found
