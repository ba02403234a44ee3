import subprocess
import sys
from pathlib import Path

from pipelines.inference import load_classifier
from tests.stream.models.made_artefact import make_artefact
from tests.tree import list_modules, read

SIGNAL_AFTER_TWO_NETWORKS = """
import faulthandler, gc, os, signal
import numpy as np, openvino as ov, openvino.opset13 as ops
from pipelines.openvino_core import open_core

def compile_network():
    pixels = ops.parameter([1, 8, 8], np.float32)
    weights = ops.constant(np.ones((8, 8), np.float32))
    return open_core().compile_model(ov.Model([ops.matmul(pixels, weights, False, False)], [pixels]), "CPU")

faulthandler.enable()
first, second = compile_network(), compile_network()
del first
gc.collect()
del second
gc.collect()
signal.signal(signal.SIGTERM, lambda *_: print("handled"))
os.kill(os.getpid(), signal.SIGTERM)
"""


def test_a_signal_after_the_older_of_two_networks_was_freed_first_reaches_its_handler() -> None:
    done = subprocess.run([sys.executable, "-c", SIGNAL_AFTER_TWO_NETWORKS], capture_output=True, text=True)

    assert (done.returncode, done.stdout) == (0, "handled\n"), done.stderr


def test_no_thread_is_tied_to_a_core_that_another_process_uses_as_well(tmp_path: Path) -> None:
    request = load_classifier(make_artefact(tmp_path, golden=False), "cars", 1)._request

    assert request.get_compiled_model().get_property("ENABLE_CPU_PINNING") is False


def test_no_module_opens_a_core_of_its_own() -> None:
    owner = "pipelines/openvino_core.py"

    assert [name for name in list_modules() if name != owner and "ov.Core()" in read(name)] == []
