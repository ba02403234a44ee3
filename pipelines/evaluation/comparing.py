"""Two opened versions answer the same pictures; their speed is taken in turns, for machines drift."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from pipelines.errors import DatasetError
from pipelines.evaluation.answering import Latency
from pipelines.evaluation.comparison import VersionAnswers
from pipelines.evaluation.labelled import LabelledPicture, decode_picture, decode_pictures
from pipelines.evaluation.versions import OpenedVersion

ROUNDS: Final = 3


def answer_as(
    versions: tuple[OpenedVersion, OpenedVersion], pictures: Sequence[LabelledPicture]
) -> tuple[VersionAnswers, VersionAnswers]:
    """Answers of both. Raises DatasetError when there is no picture."""
    if not pictures:
        raise DatasetError("Expected pictures to compare the versions on, found none. Name a folder with --data.")
    firsts = [decode_picture(pictures[0], version.network.decode_side) for version in versions]
    rounds = [
        [version.network.measure_latency(image) for version, image in zip(versions, firsts, strict=True)]
        for _ in range(ROUNDS)
    ]
    first, second = (
        VersionAnswers(
            version=version.version,
            class_names=version.card.class_names,
            probabilities=version.network.answer(decode_pictures(pictures, version.network.decode_side)).probabilities,
            latency=_median([measured[place] for measured in rounds]),
            size_bytes=version.size_bytes,
        )
        for place, version in enumerate(versions)
    )
    return first, second


def _median(latencies: Sequence[Latency]) -> Latency:
    return Latency(
        float(np.median([each.p50 for each in latencies])), float(np.median([each.p95 for each in latencies]))
    )
