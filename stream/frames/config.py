"""The `keep` sections of cameras.yaml: which frames stay, and for how long."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

GIBIBYTE: Final = 1024**3

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Days = Annotated[float, Field(gt=0, le=3650, allow_inf_nan=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CameraKeep(_Strict):
    """What one camera does otherwise than the rest; what is left out is as in the file's own `keep`."""

    enabled: bool | None = None
    sample: Share | None = None
    unknown: bool | None = None
    below: Share | None = None
    dead_letters: bool | None = None
    days: Days | None = None
    evidence_days: Days | None = None


class Keep(_Strict):
    """Which frames of every camera stay, and the limits of the whole store."""

    enabled: bool = True
    """False: nothing is kept. What was kept before stays until its time is over."""
    sample: Share = 0.01
    """Share of each camera's frames, chosen by a hash of the frame's id: whoever asks gets the same ones."""
    unknown: bool = True
    """Every frame that a classifier refused to name."""
    below: Share = 0.6
    """Every frame whose confidence is below this; 0: none for that reason."""
    dead_letters: bool = True
    """The bytes of every message that could not be used."""
    days: Days = 7.0
    """How long frames stay."""
    evidence_days: Days = 30.0
    """How long dead letters and labelled frames stay."""
    max_gib: float = Field(default=2.0, gt=0, le=1_000_000, allow_inf_nan=False)
    """The store's size in GiB; above it the oldest go, dead letters and labelled frames last."""
    min_free_share: float = Field(default=0.05, ge=0, lt=1, allow_inf_nan=False)
    """Share of the disk that stays free: nothing is kept on a fuller one."""

    @property
    def max_bytes(self) -> int:
        return int(self.max_gib * GIBIBYTE)

    def for_camera(self, camera: CameraKeep | None) -> "Keep":
        """The same with the camera's own words in place of the file's."""
        return self if camera is None else self.model_copy(update=camera.model_dump(exclude_none=True))


@dataclass(frozen=True, slots=True)
class KeepPolicy:
    """The file's `keep` and what each of its cameras says otherwise."""

    keep: Keep = field(default_factory=Keep)
    cameras: Mapping[str, CameraKeep] = field(default_factory=dict)

    def of(self, camera_id: str | None) -> Keep:
        return self.keep.for_camera(self.cameras.get(camera_id or ""))
