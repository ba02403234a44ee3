"""OpenVINO: what a worker runs."""

import shutil
from pathlib import Path
from typing import Any, Final

from pipelines.artefact import NETWORK_FILE, Precision
from pipelines.export.formats import Pixels, Source, Timed, time_each
from pipelines.inference import PROBABILITIES_OUTPUT, hint_precision
from pipelines.openvino_core import open_core

NETWORK: Final = "model.xml"


class OpenVinoFormat:
    """The network of the artefact, as it serves."""

    name: Final = "openvino"

    def __init__(self, precision: Precision = "f32") -> None:
        self.precision = precision

    def write(self, source: Source, folder: Path) -> None:
        """The same bytes that a worker loads."""
        for file in (source.artefact / NETWORK_FILE, (source.artefact / NETWORK_FILE).with_suffix(".bin")):
            shutil.copyfile(file, folder / file.name)

    def answer(self, folder: Path, pixels: Pixels) -> Timed:

        core = open_core()
        options = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": 1,
            "INFERENCE_PRECISION_HINT": hint_precision(core, self.precision),
        }
        compiled = core.compile_model(folder / NETWORK, "CPU", options)
        request = compiled.create_infer_request()
        return time_each(lambda one: request.infer([one])[compiled.output(PROBABILITIES_OUTPUT)], pixels)


def write_network(model: Any, file: Path) -> None:
    """Two outputs, probabilities and features; uint8 pixels of any number of pictures are its input.

    So a worker feeds pixels as they are. `file` ends in .xml; the weights lie beside it.
    """
    import openvino as ov
    from openvino.preprocess import PrePostProcessor

    draft = file.with_name("draft.xml")
    model.export(str(draft), format="openvino", verbose=False)
    network = open_core().read_model(draft)
    for extra in network.get_results()[len(model.outputs) :]:
        # the converter also hands out what gradients would need: of no use here, and in the way of fusing layers
        network.remove_result(extra)
    steps = PrePostProcessor(network)
    steps.input().tensor().set_element_type(ov.Type.u8)
    steps.input().preprocess().convert_element_type(ov.Type.f32)
    ov.save_model(steps.build(), file, compress_to_fp16=False)
    for leftover in (draft, draft.with_suffix(".bin")):
        leftover.unlink()
