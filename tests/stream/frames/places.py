"""Stores and rows for the tests of kept frames."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from stream.frames.frame_store import FrameStore, recognise_suffix
from stream.frames.kept_frames import KeptFrame, KeptIndex, Reason
from stream.messages import FRAMES_TOPIC, Position
from stream.store import PredictionStore
from tests.stream.fakes import NOON


@dataclass
class KeptPlace:
    """A frame store in a folder and its index in SQLite."""

    folder: Path
    store: FrameStore
    index: KeptIndex

    def keep(
        self,
        content: bytes,
        *,
        offset: int,
        reason: Reason = "sampled",
        camera_id: str | None = "gate",
        age: timedelta = timedelta(0),
        captured_at: datetime | None = NOON,
    ) -> KeptFrame:
        """Bytes and row, kept `age` ago."""
        frame = KeptFrame(
            position=Position(FRAMES_TOPIC, 0, offset),
            reason=reason,
            frame_id=f"f{offset}",
            camera_id=camera_id,
            sha256=hashlib.sha256(content).hexdigest(),
            size_bytes=len(content),
            captured_at=captured_at,
            suffix=recognise_suffix(content),
            store=self.store.address,
            kept_at=datetime.now(UTC) - age,
        )
        self.store.write({frame.path: content})
        self.index.record([frame])
        return frame

    def offsets(self) -> list[int]:
        """Of the rows that there are."""
        rows = self.index.list_newest(camera_id=None, reason=None, limit=10_000)
        return sorted(row.position.offset for row in rows)

    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.rglob("*") if path.is_file())


def make_place(tmp_path: Path) -> KeptPlace:
    database = PredictionStore(f"sqlite:///{tmp_path / 'store' / 'vigia.db'}", retry_seconds=0.2)
    database.migrate()
    folder = tmp_path / "kept"
    return KeptPlace(folder, FrameStore(str(folder)), KeptIndex(database))
