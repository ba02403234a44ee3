"""From a registered version to one that is ready to serve: copied, tried in a child, loaded, warmed up."""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pipelines.artefact import GOLDEN_FILE
from pipelines.errors import ModelError
from pipelines.inference import Classifier
from pipelines.lookup.facts import RegisteredVersion
from stream.models.copies import Copies, Download
from stream.worker.inferring import infer_blank

log = logging.getLogger(__name__)

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
        """What served here last is not copied and tried again: a worker that was killed is back the sooner."""
        if version.sha256 in {last.sha256 for last in self.copies.served_last()}:
            with suppress(ModelError):  # the copy was damaged: made again below
                return self.recall(version)
        folder = self.copies.make(version, self.download)
        if not (folder / GOLDEN_FILE).is_file():
            log.warning(
                "%s version %d has no golden pictures, nobody can say whether it answers as it did when it was made; "
                "train or import it again",
                version.classifier,
                version.version,
            )
        try:
            self.attempt(folder, version.classifier, version.version)
            return self._build(folder, version)
        except BaseException:
            self.copies.remove(version)
            raise

    def recall(self, version: RegisteredVersion) -> Classifier:
        """From the copy that served last, without asking anybody."""
        return self._build(self.copies.recall(version), version)

    def _build(self, folder: Path, version: RegisteredVersion) -> Classifier:
        classifier = self.build(folder, version.classifier, version.version)
        infer_blank(classifier)  # the first frame does not pay for it
        return classifier
