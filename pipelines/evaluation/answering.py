"""A network's answers to many pictures, as fast as this machine gives them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.evaluation.unknown import Features, normalise_features
from pipelines.images import Image
from pipelines.openvino_core import open_core
from pipelines.preprocessing import Preprocessing, WholePicture, find_side

BATCH: Final = 8
TIMED_RUNS: Final = 60


@dataclass(frozen=True, slots=True)
class Answers:
    """One row a picture; as in serving, one without anything to look at is any class, and far from everything."""

    probabilities: NDArray[np.float32]
    """(pictures, classes)."""
    features: Features
    """(pictures, length), rows of length 1, or of zeros where there was nothing to look at."""
    middle: Features
    """The same of the layer that tells pictures of other things; the features where a network has none such."""


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds for one picture on one thread, preprocessing included and decoding not."""

    p50: float
    p95: float


class Network:
    """An exported network, all outputs; all cores unless it is timed."""

    def __init__(
        self,
        file: Path,
        size_hw: tuple[int, int],
        preprocessing: Preprocessing | None = None,
        *,
        precision_hint: str = "f32",
    ) -> None:
        """`preprocessing` is of pictures that come as they were taken; without it they are squashed.

        `precision_hint` is OpenVINO's word for the numbers in which it computes.
        """

        self.size_hw = size_hw
        self.precision_hint = precision_hint
        self._preprocessing = preprocessing or WholePicture(size_hw)
        self.decode_side = find_side(self._preprocessing)
        self._core = open_core()
        self._network = self._core.read_model(file)
        self._fast = self._compile("THROUGHPUT", threads=0)

    def answer(self, images: Iterable[Image]) -> Answers:
        """Pictures of any size, in order; a few batches are in memory at a time."""
        import openvino as ov

        parts: dict[int, list[NDArray[np.float32]]] = {}
        last = len(self._network.outputs) - 1
        queue = ov.AsyncInferQueue(self._fast)

        def keep(request: Any, batch: tuple[int, NDArray[np.bool_]]) -> None:
            number, seen = batch
            probabilities = np.array(request.get_output_tensor(0).data, np.float32)
            probabilities[~seen] = 1 / probabilities.shape[1]
            features, middle = (normalise_features(request.get_output_tensor(place).data) for place in (1, last))
            features[~seen], middle[~seen] = 0, 0
            parts[number] = [probabilities, features, middle]

        queue.set_callback(keep)
        for number, (batch, seen) in enumerate(self._batches(images)):
            queue.start_async([batch], (number, seen))
        queue.wait_all()
        ordered = [parts[number] for number in sorted(parts)]
        return Answers(*(np.concatenate([part[place] for part in ordered]) for place in range(3)))

    def measure_latency(self, image: Image) -> Latency:
        """Of the same picture again and again, as a worker's inference thread would take it."""
        import time

        request = self._compile("LATENCY", threads=1).create_infer_request()
        seconds = []
        for _ in range(TIMED_RUNS):
            began = time.perf_counter()
            request.infer([self._prepare(image)[0][None]])
            seconds.append(time.perf_counter() - began)
        p50, p95 = np.percentile(seconds[TIMED_RUNS // 10 :], (50, 95)) * 1000
        return Latency(float(p50), float(p95))

    def _batches(self, images: Iterable[Image]) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.bool_]]]:
        """Pixels, and whether there was anything to look at."""
        remaining = iter(images)
        while batch := [self._prepare(image) for image in islice(remaining, BATCH)]:
            yield np.stack([pixels for pixels, _ in batch]), np.array([seen for _, seen in batch])

    def _prepare(self, image: Image) -> tuple[Image, bool]:
        prepared = self._preprocessing(image)
        return (np.zeros((*self.size_hw, 3), np.uint8), False) if prepared is None else (prepared, True)

    def _compile(self, hint: str, *, threads: int) -> Any:
        options: dict[str, Any] = {"PERFORMANCE_HINT": hint, "INFERENCE_PRECISION_HINT": self.precision_hint}
        if threads:
            options["INFERENCE_NUM_THREADS"] = threads
        return self._core.compile_model(self._network, "CPU", options)
