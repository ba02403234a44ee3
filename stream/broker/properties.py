"""What the embedded Kafka is told: plain rules from paths and ports to text."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pipelines.errors import BrokerError
from stream.broker.topics import DEFAULT_RETENTION, LARGEST_MESSAGE_BYTES

_ONE_NODE: Final = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "inter.broker.listener.name": "PLAINTEXT",
    "default.replication.factor": "1",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "auto.create.topics.enable": "false",
    "group.initial.rebalance.delay.ms": "0",
    # after kill -9 the next start waits this long for the old session; 3000 times out on a starved machine
    "broker.session.timeout.ms": "6000",
    "broker.heartbeat.interval.ms": "1000",
    # one machine's clients: every thread more wakes up three times a second for nothing
    "num.io.threads": "2",
    "num.network.threads": "1",
    "group.coordinator.threads": "1",
    "share.coordinator.threads": "1",
    # how often a controller without work writes a record that says so; 500 by default
    "metadata.max.idle.interval.ms": "5000",
    # the default of 128 MiB needs a bigger heap
    "log.cleaner.dedupe.buffer.size": "8388608",
    "log.retention.check.interval.ms": "60000",
}

# log4j2 reads this by -Dlog4j2.configurationFile; the supervisor keeps and rotates what goes to stdout
LOG4J2_PROPERTIES: Final = """\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{yyyy-MM-dd HH:mm:ss.SSS} %-5p %c{1}: %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
logger.server.name = kafka.server.KafkaRaftServer
logger.server.level = info
"""


def server_properties(data: Path) -> str:
    """Text of server.properties with everything but the ports, which each start brings as overrides.

    Raises BrokerError for a data folder that Kafka's list of folders cannot name.
    """
    if "," in str(data):
        raise BrokerError(f"Expected a path without a comma for Kafka's data, received {data}. Move VIGIA_HOME.")
    properties = {
        **_ONE_NODE,
        **listener_overrides("127.0.0.1", 19092, 19093),
        "log.dirs": str(data),
        "message.max.bytes": str(LARGEST_MESSAGE_BYTES),
        "log.retention.ms": DEFAULT_RETENTION["retention.ms"],
        "log.retention.bytes": DEFAULT_RETENTION["retention.bytes"],
        "log.segment.bytes": DEFAULT_RETENTION["segment.bytes"],
    }
    return properties_text(properties)


def listener_overrides(host: str, port: int, controller_port: int) -> dict[str, str]:
    """The properties that depend on where this start listens. The controller is never visible from outside."""
    controller = f"127.0.0.1:{controller_port}"
    return {
        "listeners": f"PLAINTEXT://{_bracketed(host)}:{port},CONTROLLER://{controller}",
        "advertised.listeners": f"PLAINTEXT://{_bracketed(_reachable(host))}:{port},CONTROLLER://{controller}",
        "controller.quorum.bootstrap.servers": controller,
    }


def properties_text(properties: Mapping[str, str]) -> str:
    """A Java properties file, which is Latin-1: anything beyond ASCII is escaped."""
    return "".join(f"{key}={_escaped(value)}\n" for key, value in properties.items())


def _reachable(host: str) -> str:
    """Kafka refuses to advertise a wildcard; clients of this machine's stack use the loopback."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _escaped(value: str) -> str:
    units = value.replace("\\", "\\\\").encode("utf-16-be")
    codes = [int.from_bytes(units[i : i + 2], "big") for i in range(0, len(units), 2)]
    return "".join(chr(code) if 0x20 <= code < 0x7F else f"\\u{code:04x}" for code in codes)
