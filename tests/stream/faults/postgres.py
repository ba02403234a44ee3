"""A PostgreSQL of a test's own, from Debian's packages, run as another user when the tests run as root."""

import os
import shutil
import subprocess
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

    def __init__(self, folder: Path) -> None:
        self._data = folder / "data"
        self._log = folder / "postgres.log"
        self._port = find_free_ports(1)[0]
        folder.mkdir(parents=True, exist_ok=True)
        if os.getuid() == 0:
            for parent in (folder, *folder.parents):
                # pytest's folders are closed to other users
                if parent.stat().st_mode & 0o001 == 0:
                    parent.chmod(parent.stat().st_mode | 0o011)
            shutil.chown(folder, USER)

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
