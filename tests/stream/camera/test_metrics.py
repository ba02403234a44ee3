"""What the cameras' process tells of its cameras."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from prometheus_client import CollectorRegistry, generate_latest

from stream.camera.cameras import Cameras
from stream.camera.config import CameraConfig
from stream.camera.metrics import CameraCollector, check_cameras
from stream.camera.players import Player


@dataclass
class FakeWatch:
    error: str | None = None


@dataclass
class FakeDelivery:
    waiting_seconds: float | None = None


@dataclass
class FakeCameras:
    players: dict[str, Player]
    delivery: FakeDelivery = field(default_factory=FakeDelivery)
    watch: FakeWatch = field(default_factory=FakeWatch)
    store_error: str | None = None


def cameras_of(*names: str) -> Any:
    return FakeCameras({name: Player(name, CameraConfig(source="pictures"), Path()) for name in names})


def test_every_camera_has_its_counters_state_view_and_age() -> None:
    cameras = cameras_of("gate", "yard")
    gate = cameras.players["gate"]
    gate.count(datetime.now(UTC) - timedelta(seconds=2))
    later = time.monotonic() + 600  # five silent seconds would make it stale, and this machine may stall
    gate._state.hear(later)
    gate._state.deliver(later)
    gate.sight.view = "dark"
    registry = CollectorRegistry()
    registry.register(CameraCollector(cast(Cameras, cameras)))

    text = generate_latest(registry).decode()

    assert 'vigia_camera_frames_sent_total{camera_id="gate"} 1.0' in text
    assert 'vigia_camera_frames_dropped_total{camera_id="yard"} 0.0' in text
    assert 'vigia_camera_state{camera_id="gate",state="online"} 1.0' in text
    assert 'vigia_camera_state{camera_id="yard",state="connecting"} 1.0' in text
    assert 'vigia_camera_view{camera_id="gate",view="dark"} 1.0' in text
    age = registry.get_sample_value("vigia_camera_last_frame_age_seconds", {"camera_id": "gate"})
    assert age is not None
    assert 2 <= age < 300


def test_a_name_cannot_break_the_page() -> None:
    registry = CollectorRegistry()
    registry.register(CameraCollector(cast(Cameras, cameras_of('a"b\\c<script>'))))

    assert 'camera_id="a\\"b\\\\c<script>"' in generate_latest(registry).decode()


def test_what_the_cameras_need_is_said_and_one_camera_makes_the_process_no_less_ready() -> None:
    cameras = cameras_of(*[f"cam{number}" for number in range(7)])
    cameras.players["cam0"].sight.view = "frozen"
    assert all(check.ok for check in check_cameras(cameras).values())
    said = check_cameras(cameras)["cameras"].reason
    assert said == "connecting: cam0, cam1, cam2, cam3, cam4 and 2 more; view frozen: cam0"

    cameras.delivery.waiting_seconds = 12.3
    cameras.store_error = "Expected the prediction store to answer."
    cameras.watch.error = "cameras.yaml: rate"

    checks = check_cameras(cameras)
    assert [name for name, check in checks.items() if not check.ok] == ["broker", "store", "cameras.yaml"]
    assert checks["broker"].reason == "takes no frames since 12 s"
