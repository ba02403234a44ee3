"""A past to travel to: frames on a real topic, some of them kept, with rows of what was live, and two versions."""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from PIL import Image as PillowImage

from docs.live_stand import register
from pipelines.settings import Settings
from stream.frames.frame_store import FrameStore, recognise_suffix
from stream.frames.kept_frames import KeptFrame, KeptIndex
from stream.messages import FRAMES_TOPIC, Outgoing, Position, Prediction, encode_v2
from stream.store import PredictionStore
from stream.time_travel.windows import ReplayWindow
from tests.stream.fakes import NOON
from tests.stream.live import send
from tests.stream.models.made_artefact import make_artefact

COLOURS = {"red": (220, 30, 30), "green": (30, 220, 30), "blue": (30, 30, 220)}
LIVE_VERSION, OTHER_VERSION = 1, 2


@dataclass(frozen=True, slots=True)
class Past:
    """Frame n was captured n seconds after NOON by camera n % 4; what it shows is COLOURS in turn."""

    settings: Settings
    store: PredictionStore
    positions: tuple[Position, ...]
    jpegs: tuple[bytes, ...]

    @property
    def window(self) -> ReplayWindow:
        return ReplayWindow("cars", NOON, NOON + timedelta(seconds=len(self.positions)))

    def keep(self, numbers: Sequence[int]) -> None:
        """The pictures of these frames, in a folder below the home."""
        frames = FrameStore(str(self.settings.state / "kept"))
        kept = [self._keep(number, frames.address) for number in numbers]
        frames.write({frame.path: self.jpegs[n] for frame, n in zip(kept, numbers, strict=True)})
        KeptIndex(self.store).record(kept)

    def _keep(self, number: int, address: str) -> KeptFrame:
        jpeg = self.jpegs[number]
        return KeptFrame(
            position=self.positions[number],
            reason="sampled",
            frame_id=f"f{number}",
            camera_id=f"cam{number % 4}",
            sha256=hashlib.sha256(jpeg).hexdigest(),
            size_bytes=len(jpeg),
            captured_at=NOON + timedelta(seconds=number),
            suffix=recognise_suffix(jpeg),
            store=address,
            kept_at=datetime.now(UTC),
        )


def make_versions(folder: Path) -> str:
    """Address of a registry with versions 1 and 2 of `cars`, which name the strongest colour."""
    settings = Settings(home=folder / "home", mlflow_tracking_uri=f"sqlite:///{folder / 'mlflow.db'}")
    settings.state.mkdir(parents=True)
    for sharpness in (1.0, 2.0):
        register(settings, make_artefact(folder / f"made-{sharpness}", sharpness=sharpness))
    return settings.resolve_tracking_uri()


def make_past(
    home: Path,
    bootstrap: str | None,
    *,
    frames: int = 60,
    registry: str = "sqlite:///none.db",
    database_url: str | None = None,
) -> Past:
    """Version 1 was live and called every fifth frame blue; nothing is kept yet.

    Without a broker the frames have places where nothing lies.
    """
    settings = Settings(
        home=home / "home",
        kafka_bootstrap=bootstrap,
        database_url=database_url,
        mlflow_tracking_uri=registry,
        frames_url=None,
    )
    settings.state.mkdir(parents=True)
    jpegs = tuple(draw_colour(n) for n in range(frames))
    places = send(bootstrap, [message_at(n, jpegs[n]) for n in range(frames)]) if bootstrap else None
    positions = tuple(Position(FRAMES_TOPIC, *(places[n] if places else (n % 4, n // 4))) for n in range(frames))
    store = PredictionStore(settings.resolve_database_url(), retry_seconds=2)
    store.migrate()
    store.store_batch([live_row(n, positions[n], jpegs[n]) for n in range(frames)], ())
    return Past(settings, store, positions, jpegs)


def draw_colour(number: int, side: int = 24) -> bytes:
    """The bytes differ from frame to frame."""
    red, green, blue = list(COLOURS.values())[number % 3]
    picture = PillowImage.new("RGB", (side, side), (red, green, blue))
    picture.putpixel((number % side, number // side % side), (255, 255, 255))
    output = io.BytesIO()
    picture.save(output, "JPEG", quality=95, comment=str(number).encode())
    return output.getvalue()


def name_colour(number: int) -> str:
    return list(COLOURS)[number % 3]


def message_at(number: int, jpeg: bytes) -> Outgoing:
    return encode_v2(
        f"cam{number % 4}",
        f"f{number}",
        NOON + timedelta(seconds=number),
        jpeg,
        image_name=f"{number}.jpg",
        sequence=number,
    )


def live_row(number: int, position: Position, jpeg: bytes) -> Prediction:
    """What production said then."""
    captured_at = NOON + timedelta(seconds=number)
    label = "blue" if number % 5 == 0 else name_colour(number)
    return Prediction(
        position=position,
        frame_id=f"f{number}",
        camera_id=f"cam{number % 4}",
        image_name=f"{number}.jpg",
        image_sha256=hashlib.sha256(jpeg).hexdigest(),
        classifier="cars",
        role="production",
        model_version=LIVE_VERSION,
        label=label,
        confidence=0.75,
        top=((label, 0.75),),
        decision="known",
        captured_at=captured_at,
        received_at=captured_at,
        predicted_at=captured_at + timedelta(milliseconds=40),
        worker="here/worker-1",
    )
