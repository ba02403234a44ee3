"""Two versions asked about the same frames, one after the other, on the thread that infers."""

import statistics
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipelines.errors import VigiaError
from pipelines.images import decode_image
from pipelines.inference import Classifier
from stream.guard.rules import Said
from stream.worker.inferring import infer_checked


@dataclass(slots=True)
class Listener:
    """What one version says, frame by frame: a frame that fails does not hide the others."""

    classifier: Classifier
    tells_unknown: bool = True
    pictures: int = 0
    failed: int = 0
    unknown: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)

    def ask(self, image: object) -> None:
        self.pictures += 1
        began = time.perf_counter()
        try:
            inference = infer_checked(self.classifier, [image])  # type: ignore[list-item]
        except Exception:  # noqa: BLE001  an engine may raise anything; that it does is what is asked for
            self.failed += 1
            return
        self.seconds.append(time.perf_counter() - began)
        self.labels[self.classifier.class_names[int(inference.probabilities[0].argmax())]] += 1
        self.unknown += not bool(inference.known[0])

    def said(self) -> Said:
        median = statistics.median(self.seconds) * 1000 if self.seconds else None
        return Said(self.pictures, self.failed, self.unknown, dict(self.labels), median, self.tells_unknown)


def ask_both(served: Listener, witness: Listener, jpegs: Sequence[bytes]) -> None:
    """Alternately, so that whatever slows the machine slows both."""
    for jpeg in jpegs:
        try:
            image = decode_image(jpeg)
        except VigiaError:
            continue  # it was decoded once; a broken copy says nothing
        served.ask(image)
        witness.ask(image)
