"""The limit: our decoder and engine on pictures in memory, no Kafka and no store.

`python -m stream.bench.lanes.raw ORDER`, as many processes as there are workers.
"""

import sys
import time
from pathlib import Path

from pipelines.inference import build_answers, load_classifier
from pipelines.scaled_images import decode_for
from stream.bench.lanes.order import RESULTS, Answered, Order, result_line
from stream.reading.pace import Pace
from stream.worker.batches import MOST_PICTURES, TOP


def work(order: Order) -> None:
    """Batches as large as a worker's, for so many seconds after the first one."""
    classifier = load_classifier(Path(order.artefact), order.classifier, order.version)
    pictures = [(file.name, file.read_bytes()) for file in sorted(Path(order.pictures).iterdir())]
    pace, done, process = Pace(), 0, str(order.slot)
    lines: list[str] = []
    until: float | None = None
    while until is None or time.monotonic() < until:
        began = time.perf_counter()
        batch = [pictures[(done + place) % len(pictures)] for place in range(min(pace.frames, MOST_PICTURES))]
        inference = classifier.infer([decode_for(encoded, classifier.decode_side) for _, encoded in batch])
        answers = build_answers(classifier.class_names, inference, TOP)
        pace.observe(len(batch), time.perf_counter() - began)
        now = time.time()
        lines.append(
            result_line(
                [
                    Answered(now, process, process, done + place, name, answer.label, answer.confidence)
                    for place, ((name, _), answer) in enumerate(zip(batch, answers, strict=True))
                ]
            )
        )
        done += len(batch)
        until = until or time.monotonic() + order.seconds
    (order.folder / f"{order.slot}-{RESULTS}").write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    work(Order.parse(sys.argv[1]))
