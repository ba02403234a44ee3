"""What a lane's process is told, and what it writes down when it has no store of its own."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal

RESULTS: Final = "results.jsonl"
NAIVE_FILE: Final = "answers.db"

LaneName = Literal[
    "naive", "ours v1", "ours v2", "ours without guarantee", "ours unbatched", "ours traced", "confluent", "raw"
]


@dataclass(frozen=True, slots=True)
class Order:
    """One process of a lane in one round."""

    lane: LaneName
    home: str
    """Of this lane and round; several processes of a lane share it, as the workers of a machine do."""
    slot: int
    artefact: str
    classifier: str
    version: int
    sha256: str
    bootstrap: str = ""
    group: str = ""
    pictures: str = ""
    """A folder, for what needs no Kafka."""
    seconds: float = 0.0
    """How long to work, for what needs no Kafka."""

    def dump(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def parse(cls, text: str) -> "Order":
        return cls(**json.loads(text))

    @property
    def folder(self) -> Path:
        return Path(self.home)


@dataclass(frozen=True, slots=True)
class Answered:
    """A frame that a lane is done with."""

    at: float
    """Seconds since 1970."""
    process: str
    share: str
    """The partition, or the process where there are none."""
    place: int
    """The offset, or a number that grows."""
    picture: str
    label: str
    confidence: float


def read_results(folder: Path) -> list[Answered]:
    """What processes without a store wrote, one JSON line each batch."""
    found: list[Answered] = []
    for file in sorted(folder.glob(f"*-{RESULTS}")):
        for line in file.read_text(encoding="utf-8").splitlines():
            found += [Answered(*fields) for fields in json.loads(line)]
    return found


def result_line(answered: Sequence[Answered]) -> str:
    """Of one batch."""
    return json.dumps([list(asdict(each).values()) for each in answered])
