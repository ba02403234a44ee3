"""The kept frames of this place, as a command opens them: store, index, policy and retention together."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipelines.errors import FrameStoreError
from pipelines.settings import Settings
from stream.camera.config import CamerasWatch
from stream.frames.config import KeepPolicy
from stream.frames.frame_store import FrameStore
from stream.frames.keeping import FramesPlace, name_owner
from stream.frames.kept_frames import KeptFrame, KeptIndex
from stream.frames.leases import read_leases
from stream.frames.retention import Retention, Swept
from stream.store import PredictionStore
from stream.store_engine import has_tables
from stream.worker.latest_frames import latest_frame_file


@dataclass(frozen=True, slots=True)
class OpenedFrames:
    """One frame store with its index."""

    state: Path
    place: FramesPlace
    store: FrameStore
    index: KeptIndex
    cameras: CamerasWatch

    def policy(self) -> KeepPolicy:
        return self.cameras.keep_policy()

    @property
    def retention(self) -> Retention:
        return Retention(self.store, self.index, self.policy, prepare=self._check)

    def read(self, frame: KeptFrame) -> bytes:
        """Raises FrameStoreError when the bytes lie elsewhere, are gone or damaged."""
        if frame.store != self.store.address:
            raise FrameStoreError(
                f"Expected the picture in {self.store.address}, it lies in {frame.store}. Ask there, "
                "or set VIGIA_FRAMES_URL."
            )
        return self.store.read(frame.path, frame.sha256)

    def delete_camera(self, camera_id: str) -> Swept:
        """Its kept frames in this store, and the last picture that the page shows."""
        swept = self.retention.delete_camera(camera_id)
        latest_frame_file(self.state, camera_id).unlink(missing_ok=True)
        return swept

    def describe(self) -> dict[str, Any]:
        """What `vigia kept status --json` prints."""
        keep, here = self.policy().keep, self.store.address
        counts = self.index.count()
        cameras = [
            {
                "camera_id": count.camera_id,
                "reason": count.reason,
                "frames": count.frames,
                "oldest_at": count.oldest_at.isoformat(),
                "newest_at": count.newest_at.isoformat(),
            }
            for count in counts
            if count.store == here
        ]
        others = sorted({count.store for count in counts} - {here})
        return {
            "store": here,
            "enabled": keep.enabled,
            "rows": sum(count.frames for count in counts if count.store == here),
            "bytes": self.index.total_bytes(here),
            "max_bytes": keep.max_bytes,
            "free_share": round(self.store.free_share(), 4),
            "min_free_share": keep.min_free_share,
            "readers": len(read_leases(self.index, datetime.now(UTC))),
            "cameras": cameras,
            "elsewhere": [{"store": s, "rows": sum(c.frames for c in counts if c.store == s)} for s in others],
        }

    def _check(self) -> None:
        """Raises FrameStoreError before anything is removed by an index that knows nothing of the store."""
        if not has_tables(self.index.database.engine):
            raise FrameStoreError("Expected a prediction store that knows the kept frames, found none. Run `vigia up`.")
        if self.place.url:
            self.store.claim(name_owner(self.index.database.engine))


def open_frames(settings: Settings, cameras_file: Path) -> OpenedFrames:
    """Nothing is read yet but the file of cameras. Raises SettingsError, ParamsError."""
    place = FramesPlace(settings.frames_url, settings.frames_endpoint)
    return OpenedFrames(
        state=settings.state,
        place=place,
        store=place.open(settings.state),
        index=KeptIndex(PredictionStore(settings.resolve_database_url())),
        cameras=CamerasWatch(cameras_file, lambda line: None),
    )
