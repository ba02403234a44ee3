"""Many pictures answered: `vigia classify FOLDER` and an evaluation, beside the bare engine on the same pictures."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from pipelines.artefact import NETWORK_FILE, ServingCard
from pipelines.bench.machine import count_cores
from pipelines.bench.model import BenchModel
from pipelines.bench.works import Work
from pipelines.images import Image
from pipelines.preprocessing import WholePicture
from pipelines.scaled_images import decode_for

PAIRS: Final = (("answer classify", "answer engine"), ("answer evaluate", "answer engine"))


def build_answer_works(model: BenchModel, source: Path) -> list[Work]:
    """All on every core, from the files of a folder to a label a picture; loading a model is not measured."""
    engine = BareEngine(model.artefact)
    return [
        Work("answer classify", _classify(model, source), _name_answers),
        Work("answer evaluate", _evaluate(model, source), _name_answers),
        Work("answer engine", lambda _folder: engine.answer(sorted(source.rglob("*.jpg"))), _name_answers),
    ]


def preprocess_as(card: ServingCard) -> WholePicture:
    """As the version wants its pictures decoded."""
    return WholePicture((card.image_size, card.image_size), card.decoding)


class BareEngine:
    """Decoder and network, as many requests as there are cores, and nothing around them."""

    def __init__(self, artefact: Path) -> None:
        import openvino as ov

        from pipelines.inference import PROBABILITIES_OUTPUT, hint_precision
        from pipelines.openvino_core import open_core

        card, cores = ServingCard.load(artefact), count_cores()
        self._names, self._preprocessing = card.class_names, preprocess_as(card)
        network = open_core().read_model(artefact / NETWORK_FILE)
        network.reshape([1, card.image_size, card.image_size, 3])
        hint = hint_precision(open_core(), card.precision)
        options = {"NUM_STREAMS": cores, "INFERENCE_NUM_THREADS": cores, "INFERENCE_PRECISION_HINT": hint}
        self._output = PROBABILITIES_OUTPUT
        self._queue = ov.AsyncInferQueue(open_core().compile_model(network, "CPU", options), cores)

    def answer(self, files: Sequence[Path]) -> list[str]:
        """A label a file."""
        from pipelines.datasets.threads import map_in_threads

        labels = [""] * len(files)

        def keep(request: Any, place: int) -> None:
            labels[place] = self._names[int(request.get_output_tensor(self._output).data[0].argmax())]

        self._queue.set_callback(keep)
        decoded = map_in_threads(self._see, files)
        for place, pixels in enumerate(decoded):
            self._queue.start_async([pixels[None]], place)
        self._queue.wait_all()
        return labels

    def _see(self, file: Path) -> Image:
        return self._preprocessing(decode_for(file.read_bytes(), self._preprocessing.decode_side))


def _classify(model: BenchModel, source: Path) -> Any:
    from pipelines.classifying.pictures import Pool, answer_pictures
    from pipelines.classifying.sources import find_sources
    from pipelines.inference import load_classifiers

    pool = Pool(load_classifiers(model.artefact, model.classifier, model.version, threads=count_cores()))

    def once(_folder: Path) -> list[str]:
        answers = answer_pictures(pool, find_sources([str(source)]), top=5)
        return [each.answer.label for each in answers if each.answer]

    return once


def _evaluate(model: BenchModel, source: Path) -> Any:
    from pipelines.evaluation.answering import Network
    from pipelines.evaluation.labelled import decode_pictures, read_labelled_folder
    from pipelines.inference import hint_precision
    from pipelines.openvino_core import open_core
    from pipelines.stage_params import PrepareParams

    card = ServingCard.load(model.artefact)
    preprocessing = preprocess_as(card)
    hint = hint_precision(open_core(), card.precision)
    network = Network(model.artefact / NETWORK_FILE, preprocessing.size_hw, preprocessing, precision_hint=hint)

    def once(_folder: Path) -> list[str]:
        pictures = read_labelled_folder(source, model.classifier, PrepareParams())
        rows = network.answer(decode_pictures(pictures, network.decode_side)).probabilities
        return [card.class_names[place] for place in rows.argmax(axis=1)]

    return once


def _name_answers(_folder: Path, labels: Sequence[str]) -> Iterable[str]:
    """With their places: one picture's label is not another's."""
    return [f"{place} {label}" for place, label in enumerate(labels)]
