"""`vigia evaluate` and `vigia compare` on two tiny registered versions, in a workspace of their own."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from pipelines.artefact import Precision, ServingCard, digest_artefact
from pipelines.errors import DatasetError, VideoError
from pipelines.evaluation.answering import Answers, Network
from pipelines.evaluation.reference import choose_reference
from pipelines.evaluation.unknown import UnknownThresholds, normalise_features
from pipelines.evaluation.versions import open_version
from pipelines.evaluation_commands import evaluation_app
from pipelines.export import write_artefact
from pipelines.inference import hint_precision, load_classifier
from pipelines.models.compact_cnn import build_compact_cnn
from pipelines.models.contract import split_outputs
from pipelines.openvino_core import open_core
from pipelines.preprocessing import DESCRIPTIONS
from pipelines.registry import open_registry
from pipelines.settings import Settings
from pipelines.tracking import ensure_experiment, log_model, open_client
from tests.pipelines.classifying.artefacts import write_video
from tests.pipelines.datasets.pictures import PARAMS, make_class_folders

pytestmark = pytest.mark.integration

CARD = ServingCard("pets", ("cat", "dog"), 32, DESCRIPTIONS["picture"], "0" * 32 + ".dir")


@pytest.fixture(scope="module")
def artefacts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Of two networks that never learned anything, each with a mind of its own."""
    first, second = (write_version(seed, tmp_path_factory.mktemp("artefact") / "model") for seed in (1, 2))
    return first, second


def write_version(seed: int, artefact: Path) -> Path:
    model = build_compact_cnn(2, 32, 0.0, seed)
    # without this, all that it says is one half
    kernel = model.get_layer("logits").kernel
    kernel.assign(np.random.default_rng(seed).normal(0, 20, kernel.shape))
    pixels = np.random.default_rng(0).integers(0, 256, (20, 32, 32, 3), np.uint8)
    probabilities, features = split_outputs(model).predict(pixels, verbose=0)
    answers = Answers(probabilities, normalise_features(features), normalise_features(features))
    reference = choose_reference(answers, np.arange(20) % 2, tuple(f"{number:064x}" for number in range(20)))
    card = ServingCard(**{**_fields(CARD), "unknown": UnknownThresholds(0, 1, 0, 1e6, 2)})
    write_artefact(model, card, pixels[0], artefact, reference=reference)
    return artefact


def _fields(card: ServingCard) -> dict[str, Any]:
    return {name: getattr(card, name) for name in card.__dataclass_fields__}


@pytest.fixture
def workspace(
    tmp_path: Path, settings: Settings, artefacts: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> Path:
    """With both versions registered, and nothing prepared."""
    (tmp_path / "params.yaml").write_text(PARAMS, encoding="utf-8")
    client = open_client(settings)
    for artefact in artefacts:
        run_id = client.create_run(ensure_experiment(client, settings, "pets")).info.run_id
        digest = digest_artefact(artefact)
        model_id = log_model(client, run_id, artefact, digest)
        open_registry(settings).register("pets", model_id, run_id, {"vigia.sha256": digest})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VIGIA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", settings.resolve_tracking_uri())
    return tmp_path


def run(*words: str) -> tuple[dict[str, Any], str]:
    """The document on stdout, and what was said on stderr."""
    done = CliRunner().invoke(evaluation_app, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout), done.stderr


def test_a_version_is_measured_on_a_folder_and_leaves_its_page(workspace: Path) -> None:
    folder = make_class_folders(workspace / "shown", cat=12, dog=12, horse=5)
    other = make_class_folders(workspace / "other", boat=6)

    document, said = run("evaluate", "pets", "--model", "1", "--data", str(folder), "--unknown", str(other), "--json")

    assert document["metrics"]["pictures"] == 24
    assert 0 < document["metrics"]["ece_floor"] < 1
    assert [(each["name"], each["pictures"]) for each in document["strangers"]] == [("left out", 5), ("other", 6)]
    assert "6 pictures of other, which should be refused" in said
    report = Path(document["report"])
    assert f"report: {report}" in said
    assert report.is_relative_to(workspace / "home" / "reports" / "pets" / "version-1")
    page = report.read_text(encoding="utf-8")
    assert "pets version 1: 2 classes" in page
    assert "https://" not in page
    assert json.loads(report.with_name("report.json").read_text(encoding="utf-8"))["curves"]


def test_without_other_classifiers_the_person_learns_how_to_show_something_else(workspace: Path) -> None:
    folder = make_class_folders(workspace / "shown", cat=3, dog=3)

    document, said = run("evaluate", "pets", "--data", str(folder), "--json")

    assert document["model_version"] == 2
    assert document["strangers"] == []
    assert "name a folder with --unknown" in said


def test_labels_that_the_model_never_heard_of_are_refused_in_words(workspace: Path) -> None:
    folder = make_class_folders(workspace / "shown", boat=3, train=3)

    with pytest.raises(DatasetError, match="Expected pictures of cat, dog, received labels boat, train"):
        run("evaluate", "pets", "--data", str(folder), "--json")


def test_a_labelled_video_is_judged_by_frames_and_by_consensus(workspace: Path) -> None:
    video = write_video(workspace / "film.mp4", ["red", "blue"])
    (workspace / "labels.csv").write_text("start_seconds,end_seconds,label\n0,1,cat\n1,2,dog\n", encoding="utf-8")

    document, said = run("evaluate", "pets", "--video", str(video), "--labels", "labels.csv", "--rate", "10", "--json")
    whole, _ = run("evaluate", "pets", "--model", "1", "--video", str(video), "--label", "cat", "--json")

    assert (document["model_version"], whole["model_version"]) == (2, 1)
    assert (document["frames"], whole["frames"]) == (20, 10)
    assert document["consensus"]["policy"]["policy"] == 2
    assert document["best"] in document["alternatives"]
    report = Path(document["report"])
    assert f"report: {report}" in said
    assert "pets version 2 on film.mp4" in report.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--label", "cat"), "Expected --video with --labels or --label"),
        (("--video", "a.mp4"), "Expected one of --labels FILE and --label LABEL"),
        (("--video", "a.mp4", "--label", "cat", "--labels", "b.csv"), "Expected one of --labels FILE"),
        (("--video", "a.mp4", "--label", "cat", "--data", "."), "either a video or pictures"),
    ],
)
def test_words_that_do_not_go_together_are_refused(words: tuple[str, ...], says: str) -> None:
    done = CliRunner().invoke(evaluation_app, ("evaluate", "pets", *words))

    assert done.exit_code == 2
    assert says in " ".join(done.stderr.split())


def test_a_video_that_is_not_there_is_said(workspace: Path) -> None:
    with pytest.raises(VideoError, match=r"Expected a video at gone\.mp4, there is none"):
        run("evaluate", "pets", "--video", "gone.mp4", "--label", "cat")


def test_two_versions_differ_by_the_pictures_that_only_one_gets_right(workspace: Path) -> None:
    folder = make_class_folders(workspace / "shown", cat=15, dog=15)

    document, _ = run("compare", "pets", "1", "2", "--data", str(folder), "--json")

    gap = document["accuracy"][1] - document["accuracy"][0]
    assert gap == pytest.approx((document["better"] - document["worse"]) / 30)
    assert document["both_right"] + document["both_wrong"] + document["better"] + document["worse"] == 30
    assert len(document["better_pictures"]) == document["better"]
    page = Path(document["report"]).read_text(encoding="utf-8")
    assert page.count("data:image/jpeg") == document["better"] + document["worse"]
    assert "https://" not in page


def test_a_picture_without_anything_to_look_at_is_any_class_and_far_from_everything(
    artefacts: tuple[Path, Path],
) -> None:
    def only_bright(image: np.ndarray) -> np.ndarray | None:
        return image if image.mean() > 100 else None

    network = Network(artefacts[0] / "serving" / "model.xml", (32, 32), only_bright)

    answers = network.answer([np.full((32, 32, 3), level, np.uint8) for level in (200, 0, 200)])

    assert (answers.probabilities[1] == 0.5).all()
    assert (answers.probabilities[0] == answers.probabilities[2]).all()
    assert answers.probabilities[0].max() != 0.5
    assert not answers.middle[1].any()
    assert answers.middle[0].any()


@pytest.mark.parametrize("precision", ["f32", "bf16"])
def test_a_version_is_measured_in_the_precision_in_which_it_serves(
    workspace: Path, settings: Settings, artefacts: tuple[Path, Path], precision: Precision
) -> None:
    artefact = workspace / "lower"
    shutil.copytree(artefacts[0], artefact)
    replace(ServingCard.load(artefact), precision=precision).save(artefact)
    client, registry = open_client(settings), open_registry(settings)
    run_id = client.create_run(ensure_experiment(client, settings, "pets")).info.run_id
    digest = digest_artefact(artefact)
    version = registry.register("pets", log_model(client, run_id, artefact, digest), run_id, {"vigia.sha256": digest})
    pixels = list(np.random.default_rng(1).integers(0, 256, (4, 32, 32, 3), np.uint8))

    with open_version(registry, "pets", version) as opened:
        measured = opened.network.answer(pixels).probabilities

        assert opened.network.precision_hint == hint_precision(open_core(), precision)
    assert np.allclose(measured, load_classifier(artefact, "pets", version).infer(pixels).probabilities, atol=1e-6)
