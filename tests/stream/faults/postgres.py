"""A PostgreSQL of a test's own, from Debian's packages, run as another user when the tests run as root."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.stream.embedded_kafka import find_free_ports

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
USER = "postgres"
ABSENT = "PostgreSQL's server is not installed here (Debian: postgresql)"


def is_installed() -> bool:
    return bool(BINARIES)


class Postgres:
    """Started by `with`; `stop` pulls the plug, `start` brings it back on the same port."""

    def __init__(self) -> None:
        # not in pytest's own folder, which every start of pytest closes to other users again
        self._folder = tempfile.TemporaryDirectory(prefix="vigia-postgres-", ignore_cleanup_errors=True)
        self._data = Path(self._folder.name) / "data"
        self._log = Path(self._folder.name) / "postgres.log"
        self._port = find_free_ports(1)[0]
        if os.getuid() == 0:
            shutil.chown(self._folder.name, USER)

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://vigia@127.0.0.1:{self._port}/postgres"

    def __enter__(self) -> Self:
        self._run("initdb", "-D", str(self._data), "-U", "vigia", "-A", "trust", "-E", "UTF8", "--no-sync")
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._folder.cleanup()

    def start(self) -> None:
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        self._run("pg_ctl", "start", "-w", "-D", str(self._data), "-l", str(self._log), "-o", options)

    def stop(self) -> None:
        """At once, as a crash would; connections break."""
        self._run("pg_ctl", "stop", "-m", "immediate", "-w", "-D", str(self._data), check=False)

    def _run(self, name: str, *arguments: str, check: bool = True) -> None:
        command = [str(BINARIES[-1] / name), *arguments]
        user = USER if os.getuid() == 0 else None
        # pg_ctl's server keeps the streams, so they must not be pipes that somebody reads to their end
        with self._log.open("ab") if user is None else Path(os.devnull).open("ab") as output:
            subprocess.run(
                command,
                user=user,
                cwd="/",
                stdout=output,
                stderr=output,
                check=check,
                timeout=60,
                env={"LC_ALL": "C.UTF-8"},
            )
