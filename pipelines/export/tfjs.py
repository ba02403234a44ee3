"""TensorFlow.js: a graph model for browsers, converted in an environment of its own and asked in Chromium."""

import os
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from pipelines.errors import ModelError
from pipelines.export.chromium import ask_chromium, find_chromium
from pipelines.export.formats import NotChecked, Pixels, Source, Timed, build_signature
from pipelines.export.tfjs_tools import ensure_browser_files, ensure_converter

# runs in the converter's environment; it imports what it needs only for models of other kinds
CONVERT: Final = """
import sys
from unittest.mock import MagicMock
for name in ("jax", "jax.experimental", "tensorflow_decision_forests"):
    sys.modules[name] = MagicMock()
from tensorflowjs.converters import converter
converter.convert(sys.argv[1:])
"""


class TfjsFormat:
    """model.json and its weights; `pixels` are int32 there, for JavaScript knows no uint8 tensors."""

    name: Final = "tfjs"

    def __init__(self, tools: Path) -> None:
        self._tools = tools

    def write(self, source: Source, folder: Path) -> None:
        python = ensure_converter(self._tools)
        with tempfile.TemporaryDirectory() as saved:
            build_signature(source.model).export(saved, format="tf_saved_model", verbose=False)
            done = subprocess.run(
                [
                    str(python), "-c", CONVERT,
                    "--input_format=tf_saved_model", "--output_format=tfjs_graph_model",
                    "--use_structured_outputs_names=true", saved, str(folder),
                ],
                capture_output=True, text=True, env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}, check=False,
            )  # fmt: skip
        if done.returncode or not (folder / "model.json").is_file():
            last = (done.stderr.strip().splitlines() or ["nothing"])[-1]
            raise ModelError(f"Expected a TensorFlow.js model, its converter said: {last[:300]}. Take another format.")

    def answer(self, folder: Path, pixels: Pixels) -> Timed | NotChecked:
        chromium = find_chromium()
        if chromium is None:
            return NotChecked("no Chromium or Chrome on the PATH")
        try:
            library = ensure_browser_files(self._tools)
        except ModelError as error:
            return NotChecked(str(error))
        return ask_chromium(chromium, folder, library, pixels)
