"""What is there to learn from, read from the workspace and the weights folder."""

from pathlib import Path

from pipelines.datasets.drawn_mark import is_drawn
from pipelines.faces.detection import WEIGHTS_FILE
from pipelines.models.face_embedding import EMBEDDING_FILE
from pipelines.models.weights import IMAGENET_FILES
from pipelines.training.pictures import read_labels
from pipelines.training.plan import Situation


def read_situation(raw: Path, prepared: Path, weights_dir: Path | None) -> Situation:
    """`raw` is data/raw/<classifier>, whose README says whether it is drawn. Raises DatasetError without shards."""
    files = {name: (file,) for name, file in IMAGENET_FILES.items()} | {
        "face_embedding": (EMBEDDING_FILE, WEIGHTS_FILE)
    }
    found = {
        name: weights_dir is not None and all((weights_dir / file).is_file() for file in wanted)
        for name, wanted in files.items()
    }
    return Situation(len(read_labels(prepared, "train")), is_drawn(raw), found)
