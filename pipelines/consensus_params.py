"""The policy by which the frames of one camera become one answer."""

from typing import Final, Literal

from pydantic import Field

from pipelines.strict_params import StrictParams

MOST_FRAMES: Final = 256
"""That a window holds; of more, the last ones count."""
LONGEST_WINDOW_SECONDS: Final = 30.0

Weights = Literal["none", "confidence", "area"]


class ConsensusParams(StrictParams):
    """When the last frames of a camera agree; a change is taken up by the next batch of a running worker."""

    policy: int = Field(default=2, ge=2)
    """Number of this policy; raise it when you change what follows. Each row names it, with a digest of the rest. 1 was
    the mean of probabilities."""
    window_seconds: float = Field(default=1.0, gt=0, le=LONGEST_WINDOW_SECONDS, allow_inf_nan=False)
    """How long before a frame others count with it, by the camera's time; at most 256 frames."""
    agreement: float = Field(default=0.4, gt=0, le=1, allow_inf_nan=False)
    """Share of the window's weight that must say one label; frames of nothing known weigh too, and say none."""
    min_confidence: float = Field(default=0.5, ge=0, le=1, allow_inf_nan=False)
    """Least mean confidence of the frames that say the label."""
    min_frames: int = Field(default=3, ge=1, le=MOST_FRAMES)
    """Fewest frames in a window that may agree."""
    weights: Weights = "confidence"
    """What a frame weighs: `none` one, `confidence` how sure it is, `area` the share of the picture that the thing
    takes up, which is one where a classifier looks at the whole picture."""
