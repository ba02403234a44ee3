"""From a registered version to one that is ready to serve: copied, tried in a child, loaded, warmed up."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipelines.inference import Classifier
from pipelines.lookup.facts import RegisteredVersion
from stream.models.copies import Copies, Download
from stream.worker.batches import infer_checked

LoadClassifier = Callable[[Path, str, int], Classifier]
TryVersion = Callable[[Path, str, int], None]


@dataclass(frozen=True, slots=True)
class Loader:
    """Whatever a broken model or a network raises comes out of its methods; nothing is left behind then."""

    copies: Copies
    download: Download
    attempt: TryVersion
    build: LoadClassifier

    def load(self, version: RegisteredVersion) -> Classifier:
        return self._build(self.copies.make(version, self.download), version)

    def recall(self, version: RegisteredVersion) -> Classifier:
        """From the copy that lies here, without asking anybody."""
        return self._build(self.copies.recall(version), version)

    def _build(self, folder: Path, version: RegisteredVersion) -> Classifier:
        self.attempt(folder, version.classifier, version.version)
        classifier = self.build(folder, version.classifier, version.version)
        warm_up(classifier)
        return classifier


def warm_up(classifier: Classifier) -> None:
    """One blank picture through the model, so that the first frame does not pay for it. Raises ModelError."""
    height, width = classifier.size_hw
    infer_checked(classifier, [np.zeros((height, width, 3), np.uint8)])
