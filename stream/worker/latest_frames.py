"""The last picture of each camera, as a file that the page shows. The prediction store keeps no pictures."""

import hashlib
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

MIN_SECONDS_BETWEEN: Final = 0.5
MAX_CAMERAS: Final = 200


def latest_frame_file(state: Path, camera_id: str) -> Path:
    """Where a camera's last picture lies; the name holds no character of the camera id."""
    digest = hashlib.sha256(camera_id.encode("utf-8", "surrogatepass")).hexdigest()
    return state / "frames" / "latest" / f"{digest[:40]}.jpg"


class LatestFrames:
    """Keeps at most two pictures a second per camera, and the pictures of 200 cameras at most.

    One writer per camera at a time is enough: frames of a camera lie in one partition, so one worker reads them.
    """

    def __init__(self, state: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._state = state
        self._clock = clock
        self._kept_at: dict[Path, float] = {}

    def keep(self, camera_id: str, jpeg: bytes) -> bool:
        """Replace the camera's picture by these bytes, as they came; True when they were written.

        A picture for the page is never worth a frame: a full or read-only disk answers False.
        """
        file = latest_frame_file(self._state, camera_id)
        now = self._clock()
        if now - self._kept_at.get(file, -MIN_SECONDS_BETWEEN) < MIN_SECONDS_BETWEEN:
            return False
        try:
            if not self._kept_at:
                self._adopt(file.parent, now)
            _replace(file, jpeg)
            self._kept_at.pop(file, None)
            self._kept_at[file] = now
            self._forget_oldest()
        except OSError:
            return False
        return True

    def _adopt(self, folder: Path, now: float) -> None:
        """Count what an earlier process left behind, oldest first."""
        for file in sorted(folder.glob("*.jpg"), key=_modified_at):
            self._kept_at[file] = now - MIN_SECONDS_BETWEEN

    def _forget_oldest(self) -> None:
        while len(self._kept_at) > MAX_CAMERAS:
            oldest = next(iter(self._kept_at))
            del self._kept_at[oldest]
            oldest.unlink(missing_ok=True)


def _replace(file: Path, content: bytes) -> None:
    """Readers see the old picture or the new one, never half of it."""
    partial = file.with_suffix(f".{os.getpid()}.partial")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content)
        os.replace(partial, file)
    except OSError:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise


def _modified_at(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return 0.0
