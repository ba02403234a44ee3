"""What the Prefect page shows of a training: the metrics, the confusion matrix and the ways to the rest."""

import base64
import csv
from collections import Counter

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from pipelines.candidates import Candidate
from pipelines.datasets.versions import DatasetVersion
from pipelines.promotion.rules import PromotionDecision
from pipelines.settings import Settings


def publish_artifacts(
    settings: Settings,
    candidate: Candidate,
    dataset: DatasetVersion,
    run_id: str,
    version: int,
    gate: PromotionDecision,
) -> None:
    """Keys are `<classifier>-metrics`, `-confusion`, `-links` and `-gate`; a new run adds a version to each."""
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
    create_markdown_artifact(_write_links(settings, candidate, dataset, run_id, version), key=f"{key}-links")
    create_markdown_artifact(_write_gate(candidate, version, gate), key=f"{key}-gate")


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
        )
    )


def _write_gate(candidate: Candidate, version: int, gate: PromotionDecision) -> str:
    """What every rule said, those that refuse first."""
    rules = [
        f"| {each.rule} | {'passed' if each.passed else '**refused**'} | {each.reason} |" for each in gate.findings
    ]
    table = ["| rule | | |", "|---|---|---|", *rules] if rules else [f"- {reason}" for reason in gate.reasons]
    verdict = "passed" if gate.passed else "refused"
    return "\n".join((f"**{candidate.classifier} version {version}: gate {verdict}**", "", *table))
