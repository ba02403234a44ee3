"""How a challenger is asked and judged: the section `shadow` of params.yaml."""

from typing import Annotated

from pydantic import Field

from pipelines.strict_params import StrictParams

Share = Annotated[float, Field(ge=0, le=1)]


class ShadowParams(StrictParams):
    """How a challenger is asked beside production, and what makes it worth promoting."""

    share: Share = 0.25
    """Of the frames that are asked, chosen by a hash of the frame id; 0: none."""
    min_frames: int = Field(default=1000, ge=1)
    """Fewest frames that both answered before there is a verdict."""
    min_agreement: Share = 0.98
    """With at least this share of equal answers the two behave alike; with less a labelled sample decides."""
    max_unknown_gain: Share = 0.02
    """How much larger the challenger's share of unknown frames may be than production's."""
    max_latency_ratio: float = Field(default=1.5, ge=0)
    """Most processor time of its network for a frame, by production's; 0: no bound."""
    alpha: float = Field(default=0.05, gt=0, le=0.5)
    """How improbable chance must be as the cause of a difference on labelled frames."""
