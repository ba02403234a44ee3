"""Training pictures in feature space, as the artefact carries them: what a new picture is compared with."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.errors import ModelError
from pipelines.evaluation.answering import Answers
from pipelines.evaluation.unknown import Clouds, Features, compare_rows, fit_clouds, normalise_features

REFERENCE_FILE: Final = "reference.npz"
NEIGHBOURS: Final = 5
"""Training pictures that a prediction names."""
CHUNK: Final = 512
MOST_PICTURES: Final = 2000
"""Enough to show the nearest ones of a mistake; 5 MB of the artefact."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One row a training picture."""

    features: Features
    """(pictures, length), rows of length 1; kept as 16 bit on disk."""
    labels: NDArray[np.int64]
    sha256: tuple[str, ...]
    """Of the pictures as they were imported."""
    clouds: Clouds
    """Of all training pictures, also of those without a row."""

    def nearest(self, features: Features, count: int = NEIGHBOURS) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Rows nearest to each picture, nearest first, and their likeness: the cosine, 1 for the same.

        Both (pictures, count), with fewer rows as many as there are.
        """
        count = min(count, len(self.features))
        rows = np.empty((len(features), count), np.int64)
        likeness = np.empty((len(features), count), np.float32)
        for start in range(0, len(features), CHUNK):
            part = slice(start, start + CHUNK)
            all_of_them = compare_rows(features[part], self.features)
            near = np.argpartition(-all_of_them, count - 1, axis=1)[:, :count]
            order = np.argsort(-np.take_along_axis(all_of_them, near, axis=1), axis=1, kind="stable")
            rows[part] = np.take_along_axis(near, order, axis=1)
            likeness[part] = np.take_along_axis(all_of_them, rows[part], axis=1)
        return rows, likeness

    def save(self, file: Path) -> None:
        digests = np.array(self.sha256, dtype="S64")
        np.savez(
            file,
            features=self.features.astype(np.float16),
            labels=self.labels.astype(np.int32),
            sha256=digests,
            centres=self.clouds.centres,
            whitening=self.clouds.whitening,
        )

    @classmethod
    def load(cls, file: Path) -> "Reference":
        """Raises ModelError for a file of another kind; nothing in it is ever executed."""
        try:
            with np.load(file, allow_pickle=False) as arrays:
                features = normalise_features(arrays["features"].astype(np.float32))
                labels, digests = arrays["labels"].astype(np.int64), arrays["sha256"]
                clouds = Clouds(arrays["centres"].astype(np.float32), arrays["whitening"].astype(np.float32))
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise ModelError(f"Expected training features at {file}. {error}. Train the model again.") from error
        if not len(features) == len(labels) == len(digests) or not np.isfinite(features).all():
            raise ModelError(f"Expected one finite feature vector a training picture in {file}. Train the model again.")
        if not np.isfinite(clouds.centres).all() or not np.isfinite(clouds.whitening).all():
            raise ModelError(f"Expected finite clouds of training pictures in {file}. Train the model again.")
        return cls(features, labels, tuple(digest.decode("ascii") for digest in digests), clouds)


def choose_reference(
    answers: Answers, labels: NDArray[np.int64], sha256: tuple[str, ...], most: int = MOST_PICTURES
) -> Reference:
    """At most `most` of the training pictures, in equal numbers from each class as far as they go, by hash."""
    order = sorted(range(len(labels)), key=lambda i: sha256[i])
    place = np.zeros(len(labels), np.int64)
    counts = np.zeros(int(labels.max()) + 1, np.int64)
    for i in order:
        place[i] = counts[labels[i]]
        counts[labels[i]] += 1
    chosen = sorted(sorted(order, key=lambda i: int(place[i]))[:most])
    rows = np.array(chosen)
    clouds = fit_clouds(answers.middle, labels)
    return Reference(answers.features[rows], labels[rows], tuple(sha256[i] for i in chosen), clouds)
