"""A state folder as the stack would leave it: rows, pictures and the services' states, made for one test."""

import hashlib
import io
import json
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw
from sqlalchemy import Engine, create_engine, insert

from stream.tables import cameras, dead_letters, metadata, model_events, predictions
from stream.worker.latest_frames import latest_frame_file


def draw_picture(number: int, size: tuple[int, int] = (320, 240)) -> bytes:
    """A JPEG that differs for every number."""
    picture = Image.new("RGB", size, (40 + number * 37 % 160, 120, 60 + number * 61 % 160))
    pen = ImageDraw.Draw(picture)
    pen.rectangle((40, 110, 280, 190), fill=(230, 230, 225))
    pen.ellipse((70, 170, 120, 220), fill=(30, 30, 30))
    pen.ellipse((200, 170, 250, 220), fill=(30, 30, 30))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG")
    return buffer.getvalue()


@dataclass
class MadeHome:
    """Writes what the worker, the cameras and the keeper write."""

    folder: Path
    _offset: int = field(default=0, init=False)
    _engine: Engine | None = field(default=None, init=False)

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.folder / 'store' / 'vigia.db'}"

    @property
    def engine(self) -> Engine:
        if self._engine is None:
            (self.folder / "store").mkdir(parents=True, exist_ok=True)
            self._engine = create_engine(self.database_url)
            with self._engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA journal_mode = WAL")
            metadata.create_all(self._engine)
        return self._engine

    def add_predictions(self, count: int = 1, *, at: datetime | None = None, **values: Any) -> None:
        """`count` rows that differ in their offset alone, predicted at `at` (now) 0.08 s after capture."""
        at = at or datetime.now(UTC)
        row = {
            "topic": "taller_camara_stream",
            "partition": 0,
            "classifier": "cars",
            "role": "production",
            "frame_id": "frame",
            "camera_id": "cam01",
            "image_name": "car.jpg",
            "image_sha256": "0" * 64,
            "model_version": 1,
            "label": "brisa_velero",
            "confidence": 0.93,
            "top": [["brisa_velero", 0.93]],
            "decision": "known",
            "captured_at": at - timedelta(seconds=0.08),
            "received_at": at - timedelta(seconds=0.05),
            "predicted_at": at,
            "worker": "worker-1",
        }
        rows = [row | values | {"offset": self._next_offset()} for _ in range(count)]
        with self.engine.begin() as connection:
            connection.execute(insert(predictions), rows)

    def show_picture(self, camera_id: str, jpeg: bytes, **values: Any) -> None:
        """Keep the camera's last picture, and its prediction."""
        self.add_predictions(camera_id=camera_id, image_sha256=hashlib.sha256(jpeg).hexdigest(), **values)
        file = latest_frame_file(self.folder, camera_id)
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial")
        partial.write_bytes(jpeg)
        os.replace(partial, file)

    def add_dead_letters(self, count: int = 1, *, at: datetime | None = None, **values: Any) -> None:
        row = {
            "topic": "taller_camara_stream",
            "partition": 1,
            "stage": "image",
            "reason": "truncated_jpeg",
            "message": "Expected a JPEG, PNG, WEBP picture. OSError: image file is truncated.",
            "camera_id": "cam01",
            "size_bytes": 812,
            "sha256": "0" * 64,
            "created_at": at or datetime.now(UTC),
        }
        with self.engine.begin() as connection:
            connection.execute(
                insert(dead_letters), [row | values | {"offset": self._next_offset()} for _ in range(count)]
            )

    def add_model_event(self, event: str, *, at: datetime | None = None, **values: Any) -> None:
        row = {"at": at or datetime.now(UTC), "worker": "worker-1", "classifier": "cars", "event": event}
        with self.engine.begin() as connection:
            connection.execute(insert(model_events).values(row | values))

    def add_camera(self, camera_id: str, state: str = "online", **values: Any) -> None:
        with self.engine.begin() as connection:
            connection.execute(
                insert(cameras).values({"camera_id": camera_id, "source": "data", "state": state} | values)
            )

    def write_services(self, *, at: datetime | None = None, **changes: dict[str, Any]) -> None:
        """All services healthy, but for the changes given by name (`worker_1` for `worker-1`)."""
        names = ("kafka", "mlflow", "prefect", "flows", "worker-1", "cameras", "dashboard")
        services = {
            name: {
                "state": "running",
                "pid": 4242,
                "url": "http://127.0.0.1:5000" if name in ("mlflow", "prefect") else None,
                "uptime_seconds": 754.0,
                "restarts": 0,
                "healthy": True,
                "detail": "",
            }
            | changes.get(name.replace("-", "_"), {})
            for name in names
        }
        healthy = all(service["healthy"] for service in services.values())
        document = {"at": (at or datetime.now(UTC)).isoformat(), "services": services, "healthy": healthy}
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "services.json").write_text(json.dumps(document), encoding="utf-8")

    def _next_offset(self) -> int:
        self._offset += 1
        return self._offset
