"""The model registry: versions and aliases in MLflow. Registered model = classifier; versions only ever grow."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from pipelines.artefact import Precision, verify_artefact
from pipelines.errors import RegistryError
from pipelines.evaluation.metrics import Report
from pipelines.settings import Settings
from pipelines.tracking import open_client

if TYPE_CHECKING:
    from mlflow import MlflowClient

Alias = Literal["production", "previous", "candidate", "challenger"]
SHA256_TAG: Final = "vigia.sha256"
GATE_TAG: Final = "vigia.gate"
GUARD_TAG: Final = "vigia.guard"
"""On a version that failed live and was rolled back for it: why."""
DECISION_TAG: Final = "vigia.decision"
"""On a version: the last decision about it, as JSON. On the registered model: the last one that moved its aliases."""
PRECISION_TAG: Final = "vigia.precision"
"""In which a version serves where the processor computes in it."""
MADE_FROM_TAG: Final = "vigia.made_from"
"""On a version in a lower precision that was made without a training: the version in f32."""
PARITY_TAG: Final = "vigia.parity"
BITS_METRIC: Final = "parity_precision_bits"
PRECISIONS: Final[Mapping[float, Precision]] = {32.0: "f32", 16.0: "bf16", 8.0: "int8"}
"""By bits."""
REPORT_METRICS: Final = ("accuracy", "macro_f1", "log_loss", "ece", "majority_share", "pictures")


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One row of the registry."""

    classifier: str
    version: int
    aliases: tuple[str, ...]
    run_id: str
    tags: Mapping[str, str]
    created_at: datetime

    def precision(self, metrics: Mapping[str, float]) -> Precision:
        """In which it serves; of a version without the tag, what its run tells."""
        return cast(Precision, self.tags.get(PRECISION_TAG)) or PRECISIONS[metrics.get(BITS_METRIC, 32.0)]


def open_registry(settings: Settings) -> "Registry":
    """The registry of the configured MLflow. Raises RegistryError when nothing answers there."""
    return Registry(open_client(settings))


class Registry:
    """Every method raises RegistryError when MLflow is away or refuses."""

    def __init__(self, client: "MlflowClient") -> None:
        self._client = client

    def classifiers(self) -> tuple[str, ...]:
        """Names of the registered models."""
        return tuple(model.name for model in self._ask("search_registered_models"))

    def version_of_alias(self, classifier: str, alias: Alias) -> int | None:
        """The version that holds the alias; None when none does or the classifier is not registered."""
        from mlflow.exceptions import MlflowException

        try:
            return int(self._client.get_model_version_by_alias(classifier, alias).version)
        except MlflowException as error:
            if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                return None
            raise _as_registry_error(error) from error

    def versions(self, classifier: str) -> tuple[ModelVersion, ...]:
        """Newest first; empty when the classifier is not registered."""
        found = self._ask("search_model_versions", f"name = '{classifier}'")
        aliases = self._aliases(classifier) if found else {}
        rows = [_build_version(each, aliases) for each in found]
        return tuple(sorted(rows, key=lambda row: -row.version))

    def version(self, classifier: str, version: int) -> ModelVersion:
        """Raises RegistryError naming the versions there are."""
        rows = self.versions(classifier)
        for row in rows:
            if row.version == version:
                return row
        known = ", ".join(str(row.version) for row in reversed(rows))
        mend = "Name one of these." if known else f"Run `vigia train {classifier}`, or correct the name."
        raise RegistryError(
            f"Expected a version of {classifier} (registered: {known or 'none'}), received {version}. {mend}"
        )

    def register(self, classifier: str, model_id: str, run_id: str, tags: Mapping[str, str]) -> int:
        """The version of these bytes: the one that holds them already, else a new one."""
        for known in self.versions(classifier):
            if known.tags.get(SHA256_TAG) == tags[SHA256_TAG]:
                return known.version
        if classifier not in self.classifiers():
            self._ask("create_registered_model", classifier)
        # tags travel with the creation: a version without its digest never exists, killed or not
        created = self._ask(
            "create_model_version",
            classifier,
            f"models:/{model_id}",
            run_id,
            tags=dict(tags),
            model_id=model_id,
            await_creation_for=0,  # it is ready at once: nothing is copied
        )
        return int(created.version)

    def report(self, version: ModelVersion) -> Report:
        """Test metrics of the version's run. Raises RegistryError when the run holds none."""
        metrics = self.metrics(version)
        missing = [name for name in REPORT_METRICS if name not in metrics]
        if missing:
            raise RegistryError(
                f"Expected test metrics on the run of {version.classifier} version {version.version}, "
                f"missing: {', '.join(missing)}. Train it again."
            )
        values: dict[str, Any] = {name: metrics[name] for name in REPORT_METRICS}
        return Report(**{**values, "pictures": int(values["pictures"])})

    def metrics(self, version: ModelVersion) -> dict[str, float]:
        """All last metrics of the version's run."""
        return dict(self.run(version.run_id).data.metrics)

    def run(self, run_id: str) -> Any:
        """MLflow's own entity."""
        return self._ask("get_run", run_id)

    def has_run(self, run_id: str) -> bool:
        """Whether the run is there and was not deleted."""
        from mlflow.exceptions import MlflowException

        try:
            return bool(self._client.get_run(run_id).info.lifecycle_stage == "active")
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return False
            raise _as_registry_error(error) from error

    def tag(self, classifier: str, version: int, key: str, value: str) -> None:
        self._ask("set_model_version_tag", classifier, str(version), key, value)

    def point(self, classifier: str, alias: Alias, version: int) -> None:
        """Move or make an alias."""
        self._ask("set_registered_model_alias", classifier, alias, str(version))

    def release(self, classifier: str, alias: Alias) -> None:
        """Remove an alias, if it is there."""
        if self.version_of_alias(classifier, alias) is not None:
            self._ask("delete_registered_model_alias", classifier, alias)

    def tag_classifier(self, classifier: str, key: str, value: str) -> None:
        """A tag of the registered model itself."""
        self._ask("set_registered_model_tag", classifier, key, value)

    def classifier_tags(self, classifier: str) -> dict[str, str]:
        """Tags of the registered model itself; none when the classifier is not registered."""
        if classifier not in self.classifiers():
            return {}
        return dict(self._ask("get_registered_model", classifier).tags or {})

    def attach(self, version: ModelVersion, file: str, text: str) -> None:
        """A small text among the artifacts of the version's run."""
        self._ask("log_text", version.run_id, text, file)

    def delete(self, classifier: str, version: int) -> None:
        """The version is gone for good; its run and files stay in MLflow. An alias that it held goes with it."""
        self._ask("delete_model_version", classifier, str(version))

    def download(self, classifier: str, version: int, into: Path) -> Path:
        """The version's artefact below `into`, its files checked against the registered digest.

        Raises ModelError when they differ; nothing is left behind then.
        """
        row = self.version(classifier, version)
        source = self._ask("get_model_version", classifier, str(version)).source
        target = into / f"{classifier}-{version}"
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        try:
            self._fetch(source, target)
            verify_artefact(target, row.tags.get(SHA256_TAG, "none"))
        except BaseException:
            shutil.rmtree(target, ignore_errors=True)
            raise
        return target

    def _fetch(self, uri: str, into: Path) -> None:
        from mlflow.artifacts import download_artifacts

        try:
            download_artifacts(artifact_uri=uri, dst_path=str(into))
        except Exception as error:
            if _is_away(error):
                raise _as_registry_error(error) from error
            raise

    def _aliases(self, classifier: str) -> dict[int, tuple[str, ...]]:
        held: dict[int, tuple[str, ...]] = {}
        for alias, version in self._ask("get_registered_model", classifier).aliases.items():
            held[int(version)] = (*held.get(int(version), ()), alias)
        return held

    def _ask(self, method: str, *arguments: Any, **named: Any) -> Any:
        try:
            return getattr(self._client, method)(*arguments, **named)
        except Exception as error:
            if _is_away(error):
                raise _as_registry_error(error) from error
            raise


def parity_tag(name: str, precision: Precision = "f32") -> str:
    """Of a version: how far it strays from Keras as `vigia.parity.onnx`, `vigia.parity.openvino-int8`."""
    return f"{PARITY_TAG}.{name}" + ("" if precision == "f32" else f"-{precision}")


def promote(registry: Registry, classifier: str, version: int) -> int | None:
    """`version` becomes production, what served becomes previous; returns that one.

    The aliases alone: `pipelines.promotion` asks whether it may, and keeps the decision.
    """
    registry.version(classifier, version)
    serving = registry.version_of_alias(classifier, "production")
    if serving != version:
        if serving is not None:
            registry.point(classifier, "previous", serving)
        registry.point(classifier, "production", version)
    for alias in ("candidate", "challenger"):  # it is neither any more
        if registry.version_of_alias(classifier, alias) == version:
            registry.release(classifier, alias)
    return serving


def roll_back(registry: Registry, classifier: str) -> tuple[int | None, int]:
    """Swap production and previous; returns (from, to). Raises RegistryError when there is no previous one.

    The aliases alone, as `promote`. A production version that was deleted in MLflow took its alias along: the
    previous one serves again then, and nothing comes after it.
    """
    serving = registry.version_of_alias(classifier, "production")
    before = registry.version_of_alias(classifier, "previous")
    if before is None or serving == before:
        raise RegistryError(
            f"Expected a production and a previous version of {classifier}, found {serving or 'none'} and "
            f"{'the same' if before else 'none'}. Promote a version with `vigia promote {classifier} VERSION`."
        )
    registry.point(classifier, "production", before)
    if serving is None:
        registry.release(classifier, "previous")
    else:
        registry.point(classifier, "previous", serving)
    return serving, before


def _build_version(found: Any, aliases: Mapping[int, tuple[str, ...]]) -> ModelVersion:
    number = int(found.version)
    return ModelVersion(
        classifier=found.name,
        version=number,
        aliases=aliases.get(number, ()),
        run_id=found.run_id,
        tags=dict(found.tags),
        created_at=datetime.fromtimestamp(found.creation_timestamp / 1000, UTC),
    )


def _is_away(error: BaseException) -> bool:
    from mlflow.exceptions import MlflowException
    from requests.exceptions import RequestException

    return isinstance(error, MlflowException | RequestException | OSError)


def _as_registry_error(error: BaseException) -> RegistryError:
    words = " ".join(str(error).split()) or type(error).__name__
    return RegistryError(f"Expected an answer of the model registry. {words[:300]}")
