"""From the trained Keras model to what other runtimes load, with proof that all of them say the same."""

from pipelines.export.openvino import write_network as write_network
from pipelines.export.parity import Parity as Parity
from pipelines.export.parity import check_parity as check_parity
from pipelines.export.parity import compare as compare
from pipelines.export.parity import measure_parity as measure_parity
from pipelines.export.writing import write_artefact as write_artefact
