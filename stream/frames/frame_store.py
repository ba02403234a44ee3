"""The frame store: encoded pictures by their SHA-256, in a folder or on S3, through fsspec."""

import hashlib
import os
import shutil
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import fsspec

from pipelines.errors import FrameStoreError, SettingsError

S3_PREFIX: Final = "s3://"
CONNECT_SECONDS: Final = 3
READ_SECONDS: Final = 10
OWNER_FILE: Final = "vigia-owner.txt"
PARTIAL_SUFFIX: Final = ".partial"
BEGINNINGS: Final[tuple[tuple[bytes, str], ...]] = (
    (b"\xff\xd8\xff", "jpg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF8", "gif"),
    (b"{", "json"),
)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file of the store as a listing shows it."""

    path: str
    modified_at: datetime


def recognise_suffix(content: bytes) -> str:
    """By the first bytes; `bin` for what is none of the usual."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "webp"
    return next((suffix for beginning, suffix in BEGINNINGS if content.startswith(beginning)), "bin")


class FrameStore:
    """Contents below one address. Nothing is opened before the first call; errors are FrameStoreError.

    Address: an absolute folder, or `s3://bucket/prefix`.
    """

    def __init__(self, url: str, *, endpoint: str | None = None) -> None:
        self._url = _check_url(url)
        self._endpoint = endpoint

    @property
    def address(self) -> str:
        """What rows call the store; a folder's with the machine that has it."""
        return self._url if self.is_s3 else f"{socket.gethostname()}:{self._url}"

    @property
    def is_s3(self) -> bool:
        return self._url.startswith(S3_PREFIX)

    def write(self, contents: Mapping[str, bytes]) -> None:
        """Path to bytes. All are there, whole, when it returns; what a folder already has is left alone."""
        with self._told("write to"):
            if self.is_s3:
                # always: asking whether it is there costs a request as well
                self._files.pipe({self._full(path): content for path, content in contents.items()})
                return
            for path, content in contents.items():
                self._write_file(self._full(path), content)

    def read(self, path: str, sha256: str) -> bytes:
        """The bytes, compared with their hash. Raises FrameStoreError when they are gone or damaged."""
        with self._told("read from"):
            try:
                content: bytes = self._files.cat_file(self._full(path))
            except FileNotFoundError:
                content = b""
        if not content:
            raise FrameStoreError(f"Expected {path} in the frame store at {self._url}, found it gone.")
        if hashlib.sha256(content).hexdigest() != sha256:
            raise FrameStoreError(f"Expected {path} of {self._url} as it was kept, found it damaged. It is lost.")
        return content

    def delete(self, paths: Sequence[str]) -> None:
        """None of them is there when it returns; one that was not there is no error."""
        with self._told("delete from"):
            if self.is_s3:
                self._delete_objects(paths)
                return
            for path in paths:
                with suppress(FileNotFoundError):
                    os.unlink(self._full(path))

    def list_files(self) -> Iterator[StoredFile]:
        """Every content, whoever wrote it, and pieces that a killed process left."""
        with self._told("list"):
            found: dict[str, Any] = self._files.find(self._root, detail=True)
        for full, detail in found.items():
            path = full.removeprefix(self._root).lstrip("/")
            if path != OWNER_FILE:
                yield StoredFile(path, _moment(detail.get("LastModified", detail.get("mtime"))))

    def claim(self, owner: str) -> None:
        """Make the store this prediction store's own. Raises FrameStoreError when it is another's.

        A sweep deletes what its index does not know, so two indexes must never share a store.
        """
        with self._told("read from"):
            full = self._full(OWNER_FILE)
            try:
                found = self._files.cat_file(full).decode("utf-8", "replace").strip()
            except FileNotFoundError:
                self._make_folder(full)
                self._files.pipe_file(full, owner.encode())
                found = owner
        if found != owner:
            raise FrameStoreError(
                f"Expected {self._url} to be the frame store of {owner}, found that of {found}. Give each prediction "
                f"store an address of its own in VIGIA_FRAMES_URL; after a move, correct {OWNER_FILE} there."
            )

    def free_share(self) -> float:
        """Of the disk below the folder, 0 to 1; 1 where there is none to fill."""
        if self.is_s3:
            return 1.0
        folder = Path(self._url)
        with self._told("look at"):
            while not folder.exists():
                folder = folder.parent
            usage = shutil.disk_usage(folder)
        return usage.free / usage.total

    @cached_property
    def _files(self) -> Any:
        if not self.is_s3:
            return fsspec.filesystem("file", skip_instance_cache=True)
        client = {"endpoint_url": self._endpoint} if self._endpoint else {}
        files = fsspec.filesystem(
            "s3",
            client_kwargs=client,
            config_kwargs={
                "connect_timeout": CONNECT_SECONDS,
                "read_timeout": READ_SECONDS,
                "retries": {"max_attempts": 1},
            },
            use_listings_cache=False,
            skip_instance_cache=True,
        )
        files.retries = 2
        return files

    @property
    def _root(self) -> str:
        return self._url.removeprefix(S3_PREFIX) if self.is_s3 else self._url

    def _full(self, path: str) -> str:
        return f"{self._root}/{path}"

    def _write_file(self, full: str, content: bytes) -> None:
        """Under another name first; a size that differs is what a power cut left."""
        with suppress(FileNotFoundError):
            if os.stat(full).st_size == len(content):
                return
        partial = Path(f"{full}.{os.getpid()}{PARTIAL_SUFFIX}")
        try:
            try:
                partial.write_bytes(content)
            except FileNotFoundError:  # its folder is not there, once
                self._make_folder(full)
                partial.write_bytes(content)
            os.replace(partial, full)
        except OSError:
            with suppress(OSError):
                partial.unlink()
            raise

    def _make_folder(self, full: str) -> None:
        if not self.is_s3:
            # people's pictures: for this user alone
            Path(self._url).mkdir(mode=0o700, parents=True, exist_ok=True)
            Path(full).parent.mkdir(mode=0o700, exist_ok=True)

    def _delete_objects(self, paths: Sequence[str]) -> None:
        bucket, _, prefix = self._root.partition("/")
        keys = [{"Key": f"{prefix}/{path}" if prefix else path} for path in paths]
        for start in range(0, len(keys), 1000):
            answer = self._files.call_s3(
                "delete_objects", Bucket=bucket, Delete={"Objects": keys[start : start + 1000], "Quiet": True}
            )
            if failed := answer.get("Errors"):
                raise PermissionError(f"{failed[0].get('Code')} for {len(failed)} objects")

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # clients of S3 leak errors of many kinds
            words = " ".join(str(error).split())[:300]
            raise FrameStoreError(
                f"Expected to {what} the frame store at {self._url}. {type(error).__name__}: {words}. "
                "Check the disk or the bucket, VIGIA_FRAMES_URL and VIGIA_FRAMES_ENDPOINT."
            ) from error


def _check_url(url: str) -> str:
    if url.startswith(S3_PREFIX) and len(url) > len(S3_PREFIX):
        return url.rstrip("/")
    if "://" in url:
        raise SettingsError(
            f"Expected a folder or s3://bucket/prefix in VIGIA_FRAMES_URL, received {url!r}. Correct the variable."
        )
    return str(Path(url).expanduser().absolute())


def _moment(value: Any) -> datetime:
    """A listing's time; one without any counts as new, so that nothing is deleted for it."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return datetime.now(UTC) if value is None else datetime.fromtimestamp(value, UTC)
