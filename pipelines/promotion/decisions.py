"""One decision about a model version: who, when, what, from which version to which, and why."""

import getpass
import json
import socket
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

Event = Literal["promoted", "refused", "forced", "restored", "rolled_back", "overtaken", "deleted"]
"""`restored`: the previous version promoted again. `overtaken`: another was quicker, nothing was moved."""

SENTENCES: dict[Event, str] = {
    "promoted": "version {version} became production{before}",
    "forced": "version {version} was made production by force{before}",
    "restored": "version {version} became production again{before}",
    "rolled_back": "rolled back to version {to_version}{before}",
    "refused": "version {version} was refused{kept}",
    "overtaken": "version {version} was not promoted, another was quicker{kept}",
    "deleted": "version {version} was deleted",
}


@dataclass(frozen=True, slots=True)
class ModelDecision:
    """One line of the log book."""

    id: str
    at: datetime
    """Aware, UTC."""
    by: str
    """`user@machine`, and whether it was a training."""
    classifier: str
    version: int
    """What was decided about."""
    event: Event
    from_version: int | None
    """Production before."""
    to_version: int | None
    """Production afterwards."""
    reasons: tuple[str, ...]
    """What the gate found."""
    note: str | None = None
    """What the person said."""

    def sentence(self) -> str:
        """What happened, without who and why."""
        return SENTENCES[self.event].format(
            version=self.version,
            to_version=self.to_version,
            before="" if self.from_version is None else f", before it version {self.from_version}",
            kept="" if self.to_version is None else f", production stays version {self.to_version}",
        )

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {**asdict(self), "at": self.at.isoformat(), "reasons": list(self.reasons)}

    def dump(self) -> str:
        """The value of a tag."""
        return json.dumps(self.document(), ensure_ascii=False)

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> "ModelDecision":
        """What `document` described. Raises ValueError, KeyError or TypeError for anything else."""
        at = datetime.fromisoformat(document["at"]).astimezone(UTC)
        return cls(**{**document, "at": at, "reasons": tuple(document["reasons"])})


def make_decision(
    classifier: str,
    version: int,
    event: Event,
    *,
    before: int | None,
    after: int | None,
    reasons: tuple[str, ...] = (),
    note: str | None = None,
    by: str | None = None,
) -> ModelDecision:
    """A decision of this moment, by whoever runs this process unless said."""
    return ModelDecision(
        id=uuid.uuid4().hex,
        at=datetime.now(UTC),
        by=by or name_person(),
        classifier=classifier,
        version=version,
        event=event,
        from_version=before,
        to_version=after,
        reasons=reasons,
        note=note,
    )


def name_person() -> str:
    """`user@machine` of this process."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container without an entry for its user
        user = "unknown"
    return f"{user}@{socket.gethostname()}"
