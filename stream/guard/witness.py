"""Two versions asked about the same frames, one after the other, on the thread that infers."""

import statistics
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipelines.errors import VigiaError
from pipelines.images import Image, decode_image
from pipelines.inference import Classifier
from stream.guard.rules import Said
from stream.worker.inferring import infer_checked


@dataclass(slots=True)
class Listener:
    """What one version says, frame by frame: a frame that fails does not hide the others."""

    classifier: Classifier
    unknown: int = 0
    answers: list[str | None] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def ask(self, image: Image) -> None:
        began = time.perf_counter()
        try:
            inference = infer_checked(self.classifier, [image])
        except Exception:  # noqa: BLE001  an engine may raise anything; that it does is what is asked for
            self.answers.append(None)
            return
        self.seconds.append(time.perf_counter() - began)
        self.answers.append(self.classifier.class_names[int(inference.probabilities[0].argmax())])
        self.unknown += not bool(inference.known[0])

    def said(self) -> Said:
        labels = Counter(answer for answer in self.answers if answer is not None)
        return Said(
            pictures=len(self.answers),
            failed=self.answers.count(None),
            unknown=self.unknown,
            labels=dict(labels),
            milliseconds=statistics.median(self.seconds) * 1000 if self.seconds else None,
            answers=tuple(self.answers),
        )


def ask_both(served: Listener, witness: Listener, jpegs: Sequence[bytes]) -> None:
    """Alternately, so that whatever slows the machine slows both."""
    for jpeg in jpegs:
        try:
            image = decode_image(jpeg)
        except VigiaError:
            continue  # it was decoded once; a broken copy says nothing
        served.ask(image)
        witness.ask(image)
