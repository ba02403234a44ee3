"""The ground of every section of params.yaml."""

from pydantic import BaseModel, ConfigDict


class StrictParams(BaseModel):
    """Frozen; a key that is not known is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
