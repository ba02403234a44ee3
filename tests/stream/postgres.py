"""A PostgreSQL that a test starts and stops: Debian's programs, data of its own, run by a user that is not root."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from tests.stream.embedded_kafka import find_free_ports
from tests.waiting import wait_until

USER = "postgres"
PASSWORD = "a word for tests"


def find_programs() -> Path | None:
    """The folder of the newest `initdb` and `postgres` of Debian; None without them."""
    folders = [file.parent for file in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(folders, key=lambda folder: int(folder.parent.name), default=None)


def why_not() -> str | None:
    """One line for a skip; None when a server can be started here."""
    if find_programs() is None:
        return "PostgreSQL's programs are not in /usr/lib/postgresql"
    if os.geteuid() == 0 and USER not in {entry.pw_name for entry in pwd.getpwall()}:
        return f"PostgreSQL does not run as root, and there is no user {USER}"
    return None


class Postgres:
    """A server with one empty database; on the loopback, or on one more address of the namespace it is started in."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.host = host
        self.port = find_free_ports(1)[0]
        self.folder = Path(tempfile.mkdtemp(prefix="vigia-pg-"))
        self._as: dict[str, Any] = {"user": USER, "group": USER, "extra_groups": []} if os.geteuid() == 0 else {}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Over TCP, as a worker on another host has it."""
        return f"postgresql+psycopg://{USER}:{PASSWORD.replace(' ', '%20')}@{self.host}:{self.port}/postgres"

    @property
    def local_url(self) -> str:
        """Over the socket in the file system, which every network namespace reaches."""
        return f"postgresql+psycopg://{USER}@/postgres?host={self.folder}&port={self.port}"

    def __enter__(self) -> Self:
        try:
            self._make()
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        options = {
            "listen_addresses": self.host,
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
            "fsync": "off",
        }
        command = [str(self._program("postgres")), "-D", str(self.folder / "data")]
        command += [part for key, value in options.items() for part in ("-c", f"{key}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder, **self._as
            )
        wait_until(self._answers, timeout_seconds=120, what=f"PostgreSQL; see {self.folder / 'log'}")

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT: connections are cut, then it ends. SIGQUIT: at once, as in a crash."""
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.send_signal(how)
            process.wait(120)

    def _make(self) -> None:
        if self._as:
            shutil.chown(self.folder, USER, USER)
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        options = ["-U", USER, "--no-sync", "--auth-host=scram-sha-256", "--auth-local=trust", f"--pwfile={secret}"]
        command = [str(self._program("initdb")), "-D", str(self.folder / "data"), *options]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self.folder, **self._as)
        with (self.folder / "data" / "pg_hba.conf").open("a") as rules:
            rules.write("host all all all scram-sha-256\n")

    def _program(self, name: str) -> Path:
        folder = find_programs()
        assert folder is not None
        return folder / name

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"PostgreSQL ended: {(self.folder / 'log').read_text()[-2000:]}"
        engine = create_engine(self.local_url)
        try:
            with engine.connect() as connection:
                return bool(connection.execute(text("SELECT 1")).scalar_one())
        except SQLAlchemyError:
            return False
        finally:
            engine.dispose()
