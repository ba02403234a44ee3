"""The section `guard` of params.yaml: when a version that serves is taken back by itself."""

from typing import Final, Literal

from pydantic import Field, model_validator

from pipelines.strict_params import StrictParams

LOOK_SECONDS: Final = 1.0
"""Between two looks of a worker at what its versions did."""
MOST_FRAMES_A_SECOND: Final = 100

GuardMode = Literal["rollback", "warn", "off"]


class GuardParams(StrictParams):
    """What a version may do live, and what happens when it does more."""

    mode: GuardMode = "rollback"
    """`warn`: said and written down, nothing is moved. `off`: nobody looks."""
    probation_minutes: float = Field(default=10.0, gt=0, le=1440)
    """So long after it went live a version may be rolled back; later on it is only warned about."""
    window_seconds: float = Field(default=20.0, ge=5, le=600)
    """How far back a look goes."""
    min_frames: int = Field(default=40, ge=20, le=10_000)
    """Of one worker in the window; with fewer nothing is judged."""
    looks: int = Field(default=3, ge=1, le=30)
    """In a row, one a second, beyond a limit before it counts, and below the lower one before it no longer does."""
    max_error_share: float = Field(default=0.2, gt=0, lt=1)
    """Frames that the version could not answer, or answered with no number."""
    max_unknown_rise: float = Field(default=0.5, gt=0, lt=1)
    """Share of unknown pictures above that of its own validation."""
    max_label_shift: float = Field(default=0.5, gt=0, lt=1)
    """How far its labels are from its own validation beyond what chance explains: 1 is one class only."""
    max_latency_ratio: float = Field(default=10.0, gt=1, le=1000)
    """Milliseconds for a frame by those of the version before."""

    @model_validator(mode="after")
    def _can_fire(self) -> "GuardParams":
        needed = self.looks * LOOK_SECONDS
        if self.probation_minutes * 60 <= needed:
            raise ValueError(
                f"expected a probation longer than {self.looks} looks ({needed:g} s), else no version is ever rolled "
                f"back; received {self.probation_minutes * 60:g} s"
            )
        most = self.window_seconds * MOST_FRAMES_A_SECOND
        if self.min_frames > most:
            raise ValueError(
                f"expected at most {most:g} frames of one worker in {self.window_seconds:g} s, else nothing is ever "
                f"judged; received {self.min_frames}"
            )
        return self
