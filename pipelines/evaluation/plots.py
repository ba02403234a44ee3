"""Pictures of an evaluation for MLflow and the report."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from pipelines.evaluation.evaluating import Evaluation
from pipelines.evaluation.metrics import Labels, confusion_matrix


def draw_confusion(file: Path, labels: Labels, predicted: Labels, class_names: Sequence[str]) -> None:
    """PNG: rows are the truth, columns the answers, each row's shares as colour, counts where they fit."""
    counts = confusion_matrix(labels, predicted, len(class_names))
    shares = counts / counts.sum(axis=1, keepdims=True).clip(1)
    side = max(4.0, min(16.0, 0.55 * len(class_names) + 2))
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.add_subplot(xlabel="predicted", ylabel="actual")
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(class_names)), class_names, rotation=90)
    axes.set_yticks(range(len(class_names)), class_names)
    if len(class_names) <= 30:
        for row, column in zip(*counts.nonzero(), strict=True):
            colour = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, str(counts[row, column]), ha="center", va="center", color=colour, fontsize=8)
    figure.savefig(file, dpi=110)


def draw_reliability(file: Path, curve: Sequence[tuple[float, float, int]]) -> None:
    """PNG: accuracy over mean confidence of each bin; on the diagonal a model is exactly as sure as it is right."""
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.add_subplot(xlabel="confidence", ylabel="accuracy", xlim=(0, 1), ylim=(0, 1))
    axes.plot((0, 1), (0, 1), color="grey", linestyle="--", linewidth=1)
    axes.plot([point[0] for point in curve], [point[1] for point in curve], marker="o")
    figure.savefig(file, dpi=110)


def draw_curves(file: Path, evaluation: Evaluation) -> None:
    """PNG: ROC, precision over recall, and mistakes over the share answered."""
    figure = Figure(figsize=(14, 4.6), layout="constrained")
    roc, recall, risk = figure.subplots(1, 3)
    for each in evaluation.curves:
        roc.plot(*zip(*each.roc, strict=True), linewidth=1, alpha=0.5)
        recall.plot(*zip(*each.precision_recall, strict=True), linewidth=1, alpha=0.5)
    roc.plot((0, 1), (0, 1), color="grey", linestyle="--", linewidth=1)
    risk.plot(*zip(*evaluation.risk_coverage, strict=True))
    roc.set(xlabel="false positives", ylabel="true positives", title="each class against all others")
    recall.set(xlabel="recall", ylabel="precision", title="each class against all others")
    risk.set(xlabel="share answered", ylabel="mistakes", title="the surest pictures first", ylim=(0, None))
    figure.savefig(file, dpi=100)
