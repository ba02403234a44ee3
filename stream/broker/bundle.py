"""The jars as one tar, for a machine that cannot reach the registry."""

import os
import tarfile
from pathlib import Path

from pipelines.errors import BrokerError
from stream.broker.jars import (
    KAFKA_VERSION,
    inspect_jars,
    jars_folder,
    load_jar_lock,
    load_jars,
    lock_folder,
    name_jars,
)


def write_bundle(file: Path) -> None:
    """Pack the verified jars into one tar for a machine that cannot reach the registry."""
    paths = load_jars()
    partial = file.with_name(file.name + ".partial")
    try:
        with tarfile.open(partial, "w") as tar:
            for path in paths:
                tar.add(path, arcname=f"kafka-{KAFKA_VERSION}/{path.name}", filter=_without_owner)
        os.replace(partial, file)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise BrokerError(f"Expected to write the bundle {file}. {error}. Name a file in a folder of yours.") from error


def read_bundle(file: Path) -> int:
    """Take the jars over from a bundle, each one verified; the number taken. Raises BrokerError."""
    folder, lock = jars_folder(), load_jar_lock()
    with lock_folder(folder) as scratch:
        _unpack(file, {jar.file_name for jar in lock}, scratch)
        findings = inspect_jars(scratch, lock)
        if not findings.whole:
            names = name_jars((*findings.missing, *findings.different))
            raise BrokerError(
                f"Expected the {len(lock)} jars of Kafka {KAFKA_VERSION} in {file}. Missing or different: {names}. "
                f"Make it again with `vigia broker bundle` of the same Vigía version."
            )
        for jar in lock:
            os.replace(scratch / jar.file_name, folder / jar.file_name)
    return len(lock)


def _unpack(file: Path, names: set[str], folder: Path) -> None:
    """Write the members with these base names; nothing else in the tar is touched."""
    try:
        with tarfile.open(file) as tar:
            for member in tar:
                name = Path(member.name).name
                content = tar.extractfile(member) if member.isfile() and name in names else None
                if content is not None:
                    (folder / name).write_bytes(content.read())
    except (OSError, tarfile.TarError) as error:
        raise BrokerError(
            f"Expected a bundle made by `vigia broker bundle`, received {file}: {_first_line(error)}. "
            f"Check the path, or copy it again."
        ) from error


def _without_owner(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mtime, member.mode = 0, 0o644
    return member


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].rstrip(":")
