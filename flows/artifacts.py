"""What the Prefect page shows of a training: the metrics, the confusion matrix and the ways to the rest."""

import base64
import csv
from collections import Counter

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from pipelines.candidates import Candidate
from pipelines.datasets.versions import DatasetVersion
from pipelines.promotion import PromotionDecision
from pipelines.settings import Settings


def publish_artifacts(
    settings: Settings,
    candidate: Candidate,
    dataset: DatasetVersion,
    run_id: str,
    version: int,
    gate: PromotionDecision,
) -> None:
    """Keys are `<classifier>-metrics`, `-confusion` and `-links`; a new run adds a version to each."""
    key = candidate.classifier.replace("_", "-")
    rows = [{"metric": name, "value": value} for name, value in candidate.report.metrics().items()]
    create_table_artifact(
        rows, key=f"{key}-metrics", description=f"{candidate.classifier} version {version}, test split"
    )
    create_table_artifact(
        _count_confusions(candidate), key=f"{key}-confusion", description="rows: actual, columns: predicted"
    )
    picture = base64.b64encode((candidate.folder / "evaluate" / "confusion.png").read_bytes()).decode()
    create_markdown_artifact(f"![confusion matrix](data:image/png;base64,{picture})", key=f"{key}-confusion-picture")
    create_markdown_artifact(_write_links(settings, candidate, dataset, run_id, version, gate), key=f"{key}-links")


def _count_confusions(candidate: Candidate) -> list[dict[str, str | int]]:
    with (candidate.folder / "evaluate" / "confusion.csv").open(newline="", encoding="utf-8") as stream:
        counts = Counter((row["actual"], row["predicted"]) for row in csv.DictReader(stream))
    names = candidate.card.class_names
    return [{"actual": actual, **{name: counts[actual, name] for name in names}} for actual in names]


def _write_links(
    settings: Settings,
    candidate: Candidate,
    dataset: DatasetVersion,
    run_id: str,
    version: int,
    gate: PromotionDecision,
) -> str:
    uri = settings.resolve_tracking_uri()
    name = candidate.classifier
    # a database file has no pages to link to
    run = f"[{run_id}]({uri}/#/runs/{run_id})" if uri.startswith("http") else f"`{run_id}`"
    model = (
        f"[{name} {version}]({uri}/#/models/{name}/versions/{version})"
        if uri.startswith("http")
        else f"`{name}` {version}"
    )
    return "\n".join(
        (
            f"- model version: {model}",
            f"- MLflow run: {run}",
            f"- dataset: `{dataset.path}`, {dataset.files} files, `{dataset.md5}`, "
            f"commit `{dataset.git_commit or 'none yet'}`",
            f"- gate {'passed' if gate.passed else 'refused'}: {'; '.join(gate.reasons)}",
        )
    )
