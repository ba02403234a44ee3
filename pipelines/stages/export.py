"""Stage `export`: the artefact that serves, and its parity with Keras."""

import json
from itertools import islice

from pipelines.artefact import ServingCard
from pipelines.datasets.shards import load_class_names, read_split
from pipelines.datasets.versions import read_dataset_version
from pipelines.evaluation.calibrating import CALIBRATION_FILE, Calibration
from pipelines.evaluation.reference import REFERENCE_FILE, Reference
from pipelines.export import check_parity, measure_parity, write_artefact
from pipelines.faces.detection import find_detector
from pipelines.images import decode_image
from pipelines.models.contract import load_trained, set_temperature, subject_of
from pipelines.params import load_params
from pipelines.preprocessing import DESCRIPTIONS
from pipelines.settings import load_settings
from pipelines.stages.running import StagePaths, run_stage
from pipelines.terminal import say

PARITY_PICTURES = 64


def export(paths: StagePaths) -> None:
    """Write models/<classifier>/export: the artefact folder `model` and parity.json."""
    params = load_params(paths.workspace).classifier(paths.classifier)
    calibration = Calibration.parse(json.loads((paths.evaluate / CALIBRATION_FILE).read_text(encoding="utf-8")))
    model = load_trained(paths.train / "model.keras")
    subject = subject_of(str(model.name))
    card = ServingCard(
        classifier=paths.classifier,
        class_names=load_class_names(paths.prepared),
        image_size=int(model.input_shape[1]),
        preprocessing=DESCRIPTIONS[subject],
        dataset_md5=read_dataset_version(paths.workspace, paths.classifier).md5,
        subject=subject,
        temperature=calibration.temperature,
        unknown=calibration.unknown,
    )
    set_temperature(model, calibration.temperature)
    pictures = [decode_image(each.encoded) for each in islice(read_split(paths.prepared, "test"), PARITY_PICTURES)]
    artefact = paths.export / "model"
    write_artefact(
        model,
        card,
        pictures[0],
        artefact,
        reference=Reference.load(paths.evaluate / REFERENCE_FILE),
        detector=find_detector(load_settings().weights_dir) if subject == "face" else None,
    )
    parity = measure_parity(model, artefact, paths.classifier, pictures)
    check_parity(parity, params.export.max_difference)
    (paths.export / "parity.json").write_text(json.dumps(parity.metrics(), indent=2), encoding="utf-8")
    say(f"openvino: at most {parity.max_difference:.1e} from Keras on {parity.pictures} pictures")


if __name__ == "__main__":
    run_stage(export)
