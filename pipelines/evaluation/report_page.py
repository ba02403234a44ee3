"""report.html: how good, how sure, how wrong and how fast a model is, in one file that needs nothing else."""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Final

import numpy as np

from pipelines.evaluation import report_classes, report_mistakes
from pipelines.evaluation.charts import draw_bars, draw_curve, draw_histogram, draw_reliability, round_up
from pipelines.evaluation.evaluating import Evaluation, Judged
from pipelines.images import Image
from pipelines.page import build_bar, build_page, build_table, build_tile

MOST_CURVES: Final = 30
NOT_SHOWN: Final = (
    "<p>It was shown no pictures of other things here. <code>vigia evaluate</code> shows it those of the workspace's "
    "other classifiers, or of any folder, and says how many it refuses.</p>"
)
FIGURES: Final = {"accuracy": "accuracy", "macro_f1": "macro-F1", "log_loss": "log loss"}
"""Names of the figures that have an interval."""
STYLE: Final = """
h4 { font-size: .86rem; font-weight: 500; color: var(--soft); margin: .8rem 0 .2rem; }
.wide { grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); }
.wide table { width: 100%; }
.side svg { justify-self: center; }
@media (max-width: 480px) { .tiles { grid-template-columns: 1fr 1fr; }
  .side, .wide { grid-template-columns: minmax(0, 1fr); } }
"""


@dataclass(frozen=True, slots=True)
class ReportHeading:
    """What the report is about, in words."""

    title: str
    lede: str
    dataset: str
    """Which pictures the figures are of."""


def build_report_page(
    heading: ReportHeading,
    evaluation: Evaluation,
    judged: Judged,
    load_picture: Callable[[int], Image],
    load_training_picture: Callable[[str], Image | None],
) -> str:
    """`load_picture` takes the row of a picture, `load_training_picture` a SHA-256; it may not have it."""
    parts = [
        _tiles(evaluation),
        _how_good(evaluation, judged),
        _how_sure(evaluation, judged),
        report_mistakes.build_mistakes(evaluation, judged, load_picture, load_training_picture),
        _how_robust(evaluation),
        _how_fast(evaluation),
        f"<footer>{escape(heading.dataset)}</footer>",
    ]
    styles = STYLE + report_classes.STYLE + report_mistakes.STYLE
    return build_page(
        heading.title, "\n".join(parts), lede=heading.lede, style=styles, script=report_classes.ZOOM_SCRIPT
    )


def _tiles(evaluation: Evaluation) -> str:
    report, accuracy = evaluation.report, evaluation.intervals["accuracy"]
    tiles = [
        build_tile(f"{report.accuracy:.1%}", f"accuracy, {accuracy.low:.1%} to {accuracy.high:.1%} with 95 %"),
        build_tile(f"{report.macro_f1:.3f}", "macro-F1: every class counts the same"),
        build_tile(f"{report.ece:.3f}", f"calibration error; {report.ece_floor:.3f} if it were calibrated perfectly"),
        build_tile(f"{evaluation.refused:.1%}", "of these pictures refused as unknown"),
    ]
    if evaluation.latency:
        tiles.append(build_tile(f"{evaluation.latency.p50:.1f} ms", "a picture on one core"))
    return f'<div class="tiles">{"".join(tiles)}</div>'


def _how_good(evaluation: Evaluation, judged: Judged) -> str:
    report = evaluation.report
    rows = [
        (FIGURES[name], f"{interval.value:.4f}", f"{interval.low:.4f} to {interval.high:.4f}")
        for name, interval in evaluation.intervals.items()
    ]
    rows += [
        (name, f"{value:.4f}", "")
        for name, value in (
            ("balanced accuracy", report.balanced_accuracy),
            ("among the five most probable", report.top5),
            ("Brier score", report.brier),
            ("always answering the largest class", report.majority_share),
        )
    ]
    figures = build_table(("figure", "value", "95 % interval"), rows, numbers=frozenset({1}))
    return (
        f"<h2>How good</h2><p>Figures of {report.pictures:,} pictures; they count only if the model never saw these in "
        "training. The interval says where the figure would lie with other pictures of the same kind.</p>"
        f"{figures}{report_classes.build_classes(evaluation, judged)}{_curves(evaluation)}"
    )


def _curves(evaluation: Evaluation) -> str:
    curves = sorted(evaluation.curves, key=lambda each: each.auc)[:MOST_CURVES]
    if not curves:
        return ""
    auc = float(np.mean([each.auc for each in evaluation.curves]))
    precision = float(np.mean([each.average_precision for each in evaluation.curves]))
    worst = escape(evaluation.class_names[curves[0].label_index])
    roc = draw_curve(
        [each.roc for each in curves], x="false positives", y="true positives", diagonal=True, describe="ROC curves"
    )
    recall = draw_curve(
        [each.precision_recall for each in curves], x="recall", y="precision", describe="Precision and recall"
    )
    classes = report_classes.draw_class_histogram(evaluation.classes)
    return (
        f"<h3>Class by class</h3><p>Each class against all others, over every threshold; {worst}, the hardest, "
        f"stands out. Mean area under the ROC curve {auc:.4f}, mean average precision {precision:.4f}. The bars count "
        "the classes by their F1.</p>"
        f'<div class="side">{roc}{recall}{classes}</div>'
    )


def _how_sure(evaluation: Evaluation, judged: Judged) -> str:
    confidence = judged.probabilities.max(axis=1)
    wrong = judged.probabilities.argmax(axis=1) != judged.labels
    highest = round_up(max(0.04, max((risk for _, risk in evaluation.risk_coverage), default=0)))
    charts = (
        draw_reliability(evaluation.reliability, describe="Reliability")
        + draw_histogram(
            confidence, wrong, x="confidence", y="pictures", describe="Confidence of right and wrong answers"
        )
        + draw_curve(
            [evaluation.risk_coverage], x="share answered", y="mistakes", highest=highest, describe="Risk and coverage"
        )
    )
    words = (
        "On the dashed line a model is exactly as sure as it is right; a dot is as large as its pictures are many, its "
        "whisker the range that so few of them allow. The bars show how sure the model was, its mistakes in red. The "
        "last curve is the share of mistakes when only the surest pictures are answered."
    )
    return (
        f'<h2>How sure</h2><p>{words}</p><div class="side">{charts}</div><p>{_calibration(evaluation)}</p>'
        f"{_unknown(evaluation)}"
    )


def _calibration(evaluation: Evaluation) -> str:
    """The calibration error in words, beside what chance alone would show."""
    error, floor = evaluation.report.ece, evaluation.ece_floor
    verdict = (
        f"so nothing here speaks against the model's confidence: {evaluation.report.pictures:,} pictures show no more"
        if error <= floor.high
        else "so the model is not quite as sure as it is right"
    )
    return (
        f"The calibration error is {error:.3f} ({evaluation.ece_before:.3f} before scaling). A perfectly calibrated "
        f"model would show {floor.value:.3f} on as many pictures, {floor.low:.3f} to {floor.high:.3f} in 95 of 100 "
        f"draws, {verdict}."
    )


def _unknown(evaluation: Evaluation) -> str:
    calibration = evaluation.calibration
    if calibration is None:
        return ""
    rows = [
        (escape(each.name), f"{each.auroc:.4f}", f"{each.refused:.1%}", build_bar(each.refused), f"{each.pictures:,}")
        for each in evaluation.strangers
    ]
    heading = ("pictures of nothing it knows", "AUROC", "refused", "", "pictures")
    table = build_table(heading, rows, numbers=frozenset({1, 2, 4})) if rows else NOT_SHOWN
    return (
        "<h3>What it refuses</h3><p>A picture counts as unknown when the model's doubt, and how far the picture lies "
        "beyond the training pictures, together exceed what all but a few validation pictures show. Of these "
        f"pictures, {evaluation.refused:.1%} are refused though they are known; of the others "
        f"{evaluation.accuracy_of_known:.1%} are right. Temperature ({calibration.temperature:.2f}) and limit were "
        f"settled on validation pictures.</p>{table}"
    )


def _how_robust(evaluation: Evaluation) -> str:
    shares = {"as they are" if name == "none" else name: value for name, value in evaluation.robustness.items()}
    spoilt = draw_bars(shares, describe="Accuracy on spoilt pictures") if shares else ""
    rows = [
        (
            escape(each.name),
            f"{each.accuracy:.3f}",
            build_bar(each.accuracy),
            f"{each.low:.3f}&nbsp;to&nbsp;{each.high:.3f}",
            f"{each.pictures:,}",
        )
        for each in evaluation.slices
    ]
    heading = ("pictures", "accuracy", "", "95 % interval", "how many")
    slices = build_table(heading, rows, numbers=frozenset({1, 4})) if rows else ""
    if not spoilt and not slices:
        return ""
    return (
        "<h2>How robust</h2><p>Accuracy on the same pictures spoilt as cameras spoil them, and on the harder parts of "
        f'the pictures.</p><div class="side wide"><div>{spoilt}</div><div>{slices}</div></div>'
    )


def _how_fast(evaluation: Evaluation) -> str:
    if evaluation.latency is None:
        return ""
    latency = evaluation.latency
    return (
        f"<h2>How fast</h2><p>{latency.p50:.1f} ms a picture on one core of the machine that made this report "
        f"(95 of 100 within {latency.p95:.1f} ms), decoding not counted. The served network takes "
        f"{evaluation.size_bytes / 1e6:.1f} MB on disk.</p>"
    )
