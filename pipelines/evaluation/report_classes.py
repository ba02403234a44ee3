"""The part of a report about single classes: which are hard, and what they are taken for."""

from collections.abc import Sequence
from html import escape
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.evaluation.charts import draw_histogram
from pipelines.evaluation.evaluating import Evaluation, Judged
from pipelines.evaluation.matrix_chart import draw_matrix
from pipelines.evaluation.metrics import ClassFigures, confusion_matrix
from pipelines.page import build_bar, build_table

FEW_CLASSES: Final = 12
"""As many are shown in one table; of more, the ends of it."""
ENDS: Final = 6
MOST_CONFUSIONS: Final = 10
ZOOM_SCRIPT: Final = """
document.querySelectorAll("[data-zoom]").forEach(button => button.addEventListener("click", () => {
  const box = document.querySelector(".matrix"), svg = box.querySelector("svg");
  const wide = svg.getBoundingClientRect().width * Number(button.dataset.zoom);
  const fits = wide <= box.clientWidth * 1.02;
  box.classList.toggle("zoomed", !fits);
  svg.style.maxWidth = fits ? "" : "none";
  svg.style.width = fits ? "" : wide + "px";
}));
"""
STYLE: Final = """
.matrix { overflow: auto; border: 1px solid var(--line); border-radius: 10px; background: var(--card);
  padding: .6rem; text-align: center; }
.matrix.zoomed { max-height: 85vh; text-align: left; }
.matrix svg text { font-size: 10px; }
button { font: inherit; color: var(--ink); background: var(--card); border: 1px solid var(--line);
  border-radius: 8px; padding: .15rem .8rem; cursor: pointer; }
button:hover { border-color: var(--accent); }
summary { cursor: pointer; color: var(--accent); margin: .4rem 0; }
"""


def build_classes(evaluation: Evaluation, judged: Judged) -> str:
    """Best and worst classes, their histogram, and the confusion matrix."""
    predicted = judged.probabilities.argmax(axis=1)
    matrix = confusion_matrix(judged.labels, predicted, len(evaluation.class_names))
    return _figures(evaluation.classes) + _confusions(matrix, evaluation.class_names)


def break_name(name: str) -> str:
    """HTML of a class name that a narrow place may break where its words end."""
    return escape(name).replace("_", "_<wbr>")


def _figures(classes: Sequence[ClassFigures]) -> str:
    ordered = sorted((each for each in classes if each.pictures), key=lambda each: each.f1)
    every = _table(ordered)
    if len(ordered) <= FEW_CLASSES:
        return f"<h3>Classes, the worst first</h3>{every}"
    ends = (
        f"<div><h4>The worst</h4>{_short_table(ordered[:ENDS])}</div>"
        f"<div><h4>The best</h4>{_short_table(ordered[-ENDS:][::-1])}</div>"
    )
    return (
        f'<h3>Classes</h3><div class="side wide">{ends}</div>'
        f"<details><summary>all {len(ordered)} classes, the worst first</summary>{every}</details>"
    )


def _short_table(classes: Sequence[ClassFigures]) -> str:
    rows = [(break_name(each.name), f"{each.f1:.3f}", build_bar(each.f1), f"{each.pictures:,}") for each in classes]
    return build_table(("class", "F1", "", "pictures"), rows, numbers=frozenset({1, 3}))


def draw_class_histogram(classes: Sequence[ClassFigures]) -> str:
    """How many classes have which F1."""
    scores = np.array([each.f1 for each in classes if each.pictures])
    return draw_histogram(scores, scores < 0, x="F1", y="classes", describe="How many classes have which F1")


def _table(classes: Sequence[ClassFigures]) -> str:
    rows = [
        (
            break_name(each.name),
            f"{each.f1:.3f}",
            build_bar(each.f1),
            f"{each.precision:.3f}",
            f"{each.recall:.3f}",
            f"{each.pictures:,}",
        )
        for each in classes
    ]
    return build_table(("class", "F1", "", "precision", "recall", "pictures"), rows, numbers=frozenset({1, 3, 4, 5}))


def _confusions(matrix: NDArray[np.int64], names: Sequence[str]) -> str:
    wrong = matrix.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:MOST_CONFUSIONS]
    pairs = [(row, column) for row, column in zip(*np.unravel_index(order, wrong.shape), strict=True)]
    rows = [
        (
            break_name(names[row]),
            break_name(names[column]),
            f"{wrong[row, column]:,}",
            f"{wrong[row, column] / matrix[row].sum():.0%}",
        )
        for row, column in pairs
        if wrong[row, column]
    ]
    most = (
        build_table(("truth", "answered as", "times", "of the class"), rows, numbers=frozenset({2, 3})) if rows else ""
    )
    chart = draw_matrix(matrix, names, describe="Confusion matrix")
    return (
        "<h3>What is taken for what</h3><p>Rows are the truth, columns the answers; classes that are taken for one "
        "another stand side by side. Point at a cell for its words. "
        '<button type="button" data-zoom="1.5">larger</button> '
        '<button type="button" data-zoom="0.667">smaller</button></p>'
        f'<div class="matrix">{chart}</div><h4>Most often</h4>{most or "<p>Nothing is taken for anything else.</p>"}'
    )
