"""report.html: how good, how sure, how wrong and how fast a model is, in one file that needs nothing else."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

import numpy as np

from pipelines.evaluation.charts import draw_bars, draw_curve, draw_histogram, draw_matrix
from pipelines.evaluation.evaluating import Evaluation, Judged
from pipelines.evaluation.metrics import ClassFigures, confusion_matrix
from pipelines.images import Image
from pipelines.page import build_bar, build_card, build_page, build_table, build_tile, thumbnail_data_uri

MOST_CURVES: Final = 30
NOT_SHOWN: Final = (
    "<p>It was shown no pictures of other things here. <code>vigia evaluate</code> shows it those of the workspace's "
    "other classifiers, or of any folder, and says how many it refuses.</p>"
)
ZOOM_SCRIPT: Final = """
document.querySelectorAll("[data-zoom]").forEach(button => button.addEventListener("click", () => {
  const svg = document.querySelector(".matrix svg");
  svg.style.maxWidth = "none";
  svg.style.width = Math.max(200, svg.getBoundingClientRect().width * Number(button.dataset.zoom)) + "px";
}));
"""
STYLE: Final = """
.matrix { max-height: 46rem; overflow: auto; border: 1px solid var(--line); border-radius: 10px;
  background: var(--card); padding: .6rem; }
.matrix svg text { font-size: 10px; }
button { font: inherit; color: var(--ink); background: var(--card); border: 1px solid var(--line);
  border-radius: 8px; padding: .15rem .8rem; cursor: pointer; }
.card .pair { display: grid; grid-template-columns: 3fr 1fr; gap: 2px; padding: 0; }
.card .near { display: grid; gap: 2px; padding: 0; align-content: start; } .card .near img { height: 49px; }
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
        _how_wrong(evaluation, judged, load_picture, load_training_picture),
        _how_robust(evaluation),
        _how_fast(evaluation),
        f"<footer>{escape(heading.dataset)}</footer>",
    ]
    return build_page(heading.title, "\n".join(parts), lede=heading.lede, style=STYLE, script=ZOOM_SCRIPT)


def _tiles(evaluation: Evaluation) -> str:
    report, accuracy = evaluation.report, evaluation.intervals["accuracy"]
    tiles = [
        build_tile(f"{report.accuracy:.1%}", f"accuracy, {accuracy.low:.1%} to {accuracy.high:.1%} with 95 %"),
        build_tile(f"{report.macro_f1:.3f}", "macro-F1: every class counts the same"),
        build_tile(f"{report.ece:.3f}", f"calibration error ({evaluation.ece_before:.3f} before scaling)"),
        build_tile(f"{evaluation.refused:.1%}", "of these pictures refused as unknown"),
    ]
    if evaluation.latency:
        tiles.append(build_tile(f"{evaluation.latency.p50:.1f} ms", "a picture on one core"))
    return f'<div class="tiles">{"".join(tiles)}</div>'


def _how_good(evaluation: Evaluation, judged: Judged) -> str:
    report = evaluation.report
    rows = [
        (name, f"{interval.value:.4f}", f"{interval.low:.4f} to {interval.high:.4f}")
        for name, interval in evaluation.intervals.items()
    ]
    rows += [
        (name, f"{value:.4f}", "")
        for name, value in (
            ("balanced accuracy", report.balanced_accuracy),
            ("among the five most probable", report.top5),
            ("log loss", report.log_loss),
            ("Brier score", report.brier),
            ("always answering the largest class", report.majority_share),
        )
    ]
    figures = build_table(("figure", "value", "95 % interval"), rows, numbers=frozenset({1}))
    return (
        f"<h2>How good</h2><p>Figures of {report.pictures} pictures that the model never saw in training. The interval "
        "says where the figure would lie with other pictures of the same kind.</p>"
        f"{figures}{_classes(evaluation.classes)}{_matrix(evaluation, judged)}{_curves(evaluation)}"
    )


def _classes(classes: Sequence[ClassFigures]) -> str:
    ordered = sorted((each for each in classes if each.pictures), key=lambda each: each.f1)
    rows = [
        (
            escape(each.name),
            f"{each.f1:.3f}",
            build_bar(each.f1),
            f"{each.precision:.3f}",
            f"{each.recall:.3f}",
            str(each.pictures),
        )
        for each in ordered
    ]
    table = build_table(("class", "F1", "", "precision", "recall", "pictures"), rows, numbers=frozenset({1, 3, 4, 5}))
    if len(rows) <= 12:
        return f"<h3>Classes, the worst first</h3>{table}"
    return f"<h3>Classes</h3><details><summary>{len(rows)} classes, the worst first</summary>{table}</details>"


def _matrix(evaluation: Evaluation, judged: Judged) -> str:
    predicted = judged.probabilities.argmax(axis=1)
    matrix = confusion_matrix(judged.labels, predicted, len(evaluation.class_names))
    chart = draw_matrix(matrix, evaluation.class_names, describe="Confusion matrix")
    return (
        "<h3>What is taken for what</h3><p>Rows are the truth, columns the answers; classes that are taken for one "
        "another stand side by side. Point at a cell for its words. "
        '<button data-zoom="1.4">larger</button> <button data-zoom="0.72">smaller</button></p>'
        f'<div class="matrix">{chart}</div>'
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
    return (
        f"<h3>Over every threshold</h3><p>Each class against all others; {worst}, the hardest, stands out. "
        f"Mean area under the ROC curve {auc:.4f}, mean average precision {precision:.4f}.</p>"
        f'<div class="side">{roc}{recall}</div>'
    )


def _how_sure(evaluation: Evaluation, judged: Judged) -> str:
    confidence = judged.probabilities.max(axis=1)
    wrong = judged.probabilities.argmax(axis=1) != judged.labels
    reliability = [(sure, right) for sure, right, _ in evaluation.reliability]
    highest = max(0.05, max((risk for _, risk in evaluation.risk_coverage), default=0) * 1.1)
    charts = (
        draw_curve([reliability], x="confidence", y="accuracy", diagonal=True, dots=True, describe="Reliability")
        + draw_histogram(confidence, wrong, x="confidence", describe="Confidence of right and wrong answers")
        + draw_curve(
            [evaluation.risk_coverage], x="share answered", y="mistakes", highest=highest, describe="Risk and coverage"
        )
    )
    words = (
        "On the dashed line a model is exactly as sure as it is right. The bars show how sure it was, its mistakes in "
        "red. The last curve is the share of mistakes when only the surest pictures are answered."
    )
    return f'<h2>How sure</h2><p>{words}</p><div class="side">{charts}</div>{_unknown(evaluation)}'


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
        "<h3>What it refuses</h3><p>A picture counts as unknown when its confidence is below "
        f"{calibration.unknown.confidence:.2f}, or when it lies farther than {calibration.unknown.distance:.2f} from "
        f"its fifth nearest training picture. Of these pictures, {evaluation.refused:.1%} are refused though they are "
        f"known; of the others {evaluation.accuracy_of_known:.1%} are right. The temperature, "
        f"{calibration.temperature:.2f}, was fitted on {calibration.pictures} validation pictures.</p>{table}"
    )


def _how_wrong(
    evaluation: Evaluation,
    judged: Judged,
    load_picture: Callable[[int], Image],
    load_training_picture: Callable[[str], Image | None],
) -> str:
    total = int((judged.probabilities.argmax(axis=1) != judged.labels).sum())
    if not evaluation.mistakes:
        return "<h2>How wrong</h2><p>Not one mistake on these pictures.</p>"
    cards = []
    for mistake in evaluation.mistakes:
        near = [load_training_picture(digest) for digest in mistake.nearest]
        images = "".join(
            f'<img alt="a near training picture" src="{thumbnail_data_uri(image, 72)}">'
            for image in near
            if image is not None
        )
        picture = thumbnail_data_uri(load_picture(mistake.index))
        words = f"{mistake.label}, answered as {mistake.answer}"
        caption = (
            f'<b>{escape(mistake.label)}</b><br>answered <span class="bad">{escape(mistake.answer)}</span> '
            f"with {mistake.confidence:.0%}"
        )
        if images:
            pair = f'<div class="pair"><img alt="{escape(words, quote=True)}" src="{picture}">'
            cards.append(f'<div class="card">{pair}<div class="near">{images}</div></div><div>{caption}</div></div>')
        else:
            cards.append(build_card(picture, caption, alternative=words))
    return (
        f"<h2>How wrong</h2><p>{total} of {len(judged.labels)} answers are wrong. These were the surest of them, the "
        f'small pictures are the nearest ones in training.</p><div class="cards">{"".join(cards)}</div>'
    )


def _how_robust(evaluation: Evaluation) -> str:
    shares = {"as they are" if name == "none" else name: value for name, value in evaluation.robustness.items()}
    spoilt = draw_bars(shares, describe="Accuracy on spoilt pictures") if shares else ""
    rows = [
        (escape(each.name), f"{each.accuracy:.3f}", build_bar(each.accuracy), str(each.pictures))
        for each in evaluation.slices
    ]
    slices = build_table(("pictures", "accuracy", "", "how many"), rows, numbers=frozenset({1, 3})) if rows else ""
    if not spoilt and not slices:
        return ""
    return (
        "<h2>How robust</h2><p>Accuracy on the same pictures spoilt as cameras spoil them, and on the harder parts of "
        f'the pictures.</p><div class="side"><div>{spoilt}</div><div>{slices}</div></div>'
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
