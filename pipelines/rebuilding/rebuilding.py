"""One model version made again in a scratch workspace, and compared with the registered one."""

import hashlib
import json
import os
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from pipelines.ancestry import Ancestry, read_ancestry
from pipelines.artefact import GOLDEN_FILE, hash_file
from pipelines.client_lookup import choose_lookup
from pipelines.datasets.shards import read_split
from pipelines.errors import ModelError, RegistryError
from pipelines.golden import GoldenPictures
from pipelines.inference import load_classifier
from pipelines.lineage import read_environment
from pipelines.models.weights import IMAGENET_FILES, find_weights
from pipelines.rebuilding.comparing import (
    Difference,
    PictureKind,
    PredictionComparison,
    compare_environments,
    compare_metrics,
    compare_predictions,
)
from pipelines.rebuilding.pictures import bring_pictures
from pipelines.rebuilding.scratch import Scratch, apply_patch, open_scratch
from pipelines.registry import MADE_FROM_TAG, open_registry
from pipelines.reproduction import reproduce
from pipelines.scaled_images import decode_for
from pipelines.settings import Settings
from pipelines.tracking import download_patch, open_client

TEST_PICTURES: Final = 64
"""Of the test split, in its order, where the registered artefact has no golden pictures."""
RETRAIN: Final = ("--force", "--no-commit")
"""Every stage runs, whatever any cache holds; nothing is kept in one."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What came of it."""

    ancestry: Ancestry
    metrics: Mapping[str, float]
    metric_differences: tuple[Difference, ...]
    predictions: PredictionComparison
    environment_differences: tuple[Difference, ...]
    same_weights: bool
    """Every number of the network, byte for byte; the files themselves hold the date."""
    seconds: float
    kept: Path | None
    """The scratch folder, where it was to be kept."""

    @property
    def same_metrics(self) -> bool:
        return not self.metric_differences

    @property
    def same_predictions(self) -> bool:
        return not self.predictions.differences


def rebuild(
    settings: Settings,
    workspace: Path,
    classifier: str,
    version: int,
    tell: Callable[[str], None],
    *,
    tolerance: float,
    keep: bool = False,
) -> Rebuilt:
    """Raises the error of the step that failed; the workspace, its repository and its cache are only read."""
    began = time.monotonic()
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")  # a bar for a second hides our own words
    ancestry = read_ancestry(choose_lookup(settings), workspace, classifier, version)
    commit = check_rebuildable(ancestry)
    registry = open_registry(settings)
    with open_scratch(workspace, commit, keep=keep) as scratch:
        tell(f"scratch workspace at commit {commit[:12]}: {scratch.folder}")
        registry.download(classifier, version, scratch.registered)
        if ancestry.code.patch_sha256:
            patch = download_patch(open_client(settings), ancestry.run.run_id, scratch.folder)
            check_patch(ancestry, patch)
            apply_patch(scratch, patch)
            tell(f"what was not committed: {len(patch):,} bytes of patch")
        md5 = str(ancestry.dataset.md5)
        files = bring_pictures(workspace, scratch, classifier, md5, settings)
        tell(f"dataset version {md5}: {files:,} files, each with its recorded hash")
        differences = _compare_environment(ancestry, scratch, settings)
        for each in differences:
            tell(f"not as it was: {each.what}: {each.expected} then, {each.received} now")
        reproduce(scratch.workspace, classifier, tell, options=RETRAIN, environment=scratch.environment(settings))
        models = scratch.workspace / "models" / classifier
        metrics = json.loads((models / "evaluate" / "metrics.json").read_text(encoding="utf-8"))
        return Rebuilt(
            ancestry=ancestry,
            metrics=metrics,
            metric_differences=compare_metrics(ancestry.run.metrics, metrics, tolerance),
            predictions=_compare_answers(scratch, classifier, version, tolerance),
            environment_differences=differences,
            same_weights=_read_weights(scratch.registered_artefact(classifier, version))
            == _read_weights(models / "export" / "model"),
            seconds=round(time.monotonic() - began, 1),
            kept=scratch.folder if keep else None,
        )


def check_rebuildable(ancestry: Ancestry) -> str:
    """The commit. Raises ModelError or RegistryError when too little was recorded to make the version again."""
    name = f"{ancestry.model.classifier} version {ancestry.model.version}"
    if not any(key.startswith("plan.") for key in ancestry.run.params):
        origin = ancestry.model.tags.get("vigia.origin", "a file that was not recorded")
        raise ModelError(
            f"Expected a version that was trained here, {name} was imported from {origin}. It cannot be trained again: "
            "bring the same file in with `vigia models import`."
        )
    if (source := ancestry.model.tags.get(MADE_FROM_TAG)) is not None:
        raise ModelError(
            f"Expected a version that was trained, {name} was made of version {source} in a lower precision. "
            f"Rebuild that one: `vigia reproduce {ancestry.model.classifier} {source}`."
        )
    commit = ancestry.code.commit
    if not commit or not ancestry.dataset.md5:
        raise RegistryError(
            f"Expected a commit and a dataset on {name}, found none. Train it again with `vigia train "
            f"{ancestry.model.classifier}`."
        )
    if ancestry.code.dirty and not ancestry.code.patch_sha256:
        raise RegistryError(
            f"Expected the patch of {name}, which was trained from a changed work tree; it was registered before Vigía "
            f"kept one. Commit and run `vigia train {ancestry.model.classifier}` for a version that can be made again."
        )
    return commit


def check_patch(ancestry: Ancestry, patch: bytes) -> None:
    """Raises RegistryError when the bytes are not those that were registered."""
    if hashlib.sha256(patch).hexdigest() != ancestry.code.patch_sha256:
        raise RegistryError(
            f"Expected the patch with SHA-256 {str(ancestry.code.patch_sha256)[:12]}… on run {ancestry.run.run_id}, "
            "received another: the run's files were changed. Restore them in MLflow's artifact store."
        )


def _compare_environment(ancestry: Ancestry, scratch: Scratch, settings: Settings) -> tuple[Difference, ...]:
    then, now = ancestry.environment, read_environment(scratch.workspace)
    recorded = {
        "requirements.lock": then.lock_sha256,
        "Python": then.python,
        "processor": then.processor,
        "pretrained weights": then.weights_sha256,
        **then.libraries,
    }
    received: dict[str, Any] = {
        "requirements.lock": now.lock_sha256,
        "Python": now.python,
        "processor": now.processor,
        "pretrained weights": _hash_weights(ancestry, settings),
        **now.libraries,
    }
    return compare_environments({name: value for name, value in recorded.items() if value}, received)


def _hash_weights(ancestry: Ancestry, settings: Settings) -> str | None:
    weights, architecture = (ancestry.run.params.get(f"plan.{key}", "none") for key in ("weights", "architecture"))
    if weights == "none":
        return None
    file = find_weights(weights, IMAGENET_FILES.get(architecture, ""), settings.weights_dir)
    return hash_file(file) if file else None


def _read_weights(artefact: Path) -> bytes:
    with zipfile.ZipFile(artefact / "data" / "model.keras") as archive:
        return archive.read("model.weights.h5")


def _compare_answers(scratch: Scratch, classifier: str, version: int, tolerance: float) -> PredictionComparison:
    registered = scratch.registered_artefact(classifier, version)
    rebuilt = scratch.workspace / "models" / classifier / "export" / "model"
    kind, pictures = choose_pictures(registered, scratch.workspace / "data" / "prepared" / classifier)
    before = load_classifier(registered, classifier, version)
    after = load_classifier(rebuilt, classifier, version)
    if before.class_names != after.class_names:
        raise ModelError(
            f"Expected the class names of {classifier} version {version}, the rebuilt model has "
            f"{', '.join(after.class_names)[:200]}. The pictures or prepare.label_names differ."
        )
    then, now = (
        model.infer([decode_for(encoded, model.decode_side) for encoded in pictures.values()]).probabilities
        for model in (before, after)
    )
    return compare_predictions(kind, list(pictures), before.class_names, then, now, tolerance)


def choose_pictures(artefact: Path, prepared: Path) -> tuple[PictureKind, dict[str, bytes]]:
    """What both are asked about, by name: the artefact's golden pictures, else the first of the test split."""
    golden = artefact / GOLDEN_FILE
    if golden.is_file():
        return "golden", dict(GoldenPictures.load(golden).encoded)
    return "test", {each.file: each.encoded for each in islice(read_split(prepared, "test"), TEST_PICTURES)}
