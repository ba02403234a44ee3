"""A version is tried in a child before the worker loads it: what ends the child would have ended the worker.

`python -m stream.models.trial FOLDER OPTIONS` is the child.
"""

import tempfile
from pathlib import Path
from typing import Any, Final

from pipelines.artefact import GOLDEN_FILE
from pipelines.golden import GoldenPictures, check_golden
from pipelines.inference import load_classifier
from pipelines.own_models.child import run_child
from pipelines.own_models.reading import run_in_walls
from stream.models.copies import PARTIAL
from stream.worker.inferring import infer_blank

DEADLINE_SECONDS: Final = 60
NICENESS: Final = 10
"""Of the child: frames that come meanwhile go before it. At 19 it would miss its deadline on a machine that is full."""


def try_version(artefact: Path, classifier: str, version: int) -> None:
    """Load the artefact in a child with limits, and let it answer its golden pictures.

    Raises ModelError with the reason, or with how the child ended.
    """
    options = {"artefact": str(artefact), "classifier": classifier, "version": version}
    # beside the copy, where the next start sweeps what a killed worker left
    with tempfile.TemporaryDirectory(dir=artefact.parent, prefix=f"{PARTIAL}trial-") as folder:
        run_child("stream.models.trial", Path(folder), options, deadline_seconds=DEADLINE_SECONDS, niceness=NICENESS)


def try_here(_folder: Path, options: dict[str, Any]) -> None:
    """The child's work. A blank picture for everyone: a network may break only when it is asked."""
    artefact = Path(options["artefact"])
    loaded = load_classifier(artefact, options["classifier"], options["version"])
    infer_blank(loaded)
    if (artefact / GOLDEN_FILE).is_file():
        golden = GoldenPictures.load(artefact / GOLDEN_FILE)
        check_golden(golden, lambda images: loaded.infer(images).probabilities, loaded.precision, loaded.decode_side)


if __name__ == "__main__":
    run_in_walls(try_here)
