"""The part of a report about single mistakes: pictures, each beside the training pictures nearest to it."""

from collections import Counter
from collections.abc import Callable
from html import escape
from typing import Final

from pipelines.evaluation.evaluating import Evaluation, Judged, Mistake
from pipelines.evaluation.report_classes import break_name
from pipelines.images import Image
from pipelines.page import thumbnail_data_uri

SIDES: Final = (160, 72)
"""Longest side of a mistake and of a near training picture, in pixels."""
SMALLER_SIDES: Final = (112, 48)
"""Of more mistakes than fit otherwise: the page may have 5 MB, whatever the pictures hold."""
MOST_LARGE: Final = 48
STYLE: Final = """
.card .pair { display: grid; grid-template-columns: 3fr 1fr; gap: 2px; padding: 0; }
.card .pair.alone { grid-template-columns: 1fr; }
.card .near { display: grid; gap: 2px; padding: 0; align-content: start; } .card .near img { height: 49px; }
"""


def build_mistakes(
    evaluation: Evaluation,
    judged: Judged,
    load_picture: Callable[[int], Image],
    load_training_picture: Callable[[str], Image | None],
) -> str:
    """The surest mistakes first; a training picture that is no longer there is left out."""
    total = int((judged.probabilities.argmax(axis=1) != judged.labels).sum())
    if not total:
        return "<h2>How wrong</h2><p>Not one mistake on these pictures.</p>"
    sides = SIDES if len(evaluation.mistakes) <= MOST_LARGE else SMALLER_SIDES
    cards = "".join(_card(each, load_picture(each.index), load_training_picture, sides) for each in evaluation.mistakes)
    return (
        f"<h2>How wrong</h2><p>{total:,} of {len(judged.labels):,} answers are wrong. These were the surest of them, "
        "the small pictures are the nearest ones in training. Where those bear the answer's label and the picture "
        f'looks like them, its own label may be the mistake.</p><div class="cards">{cards}</div>'
    )


def _card(
    mistake: Mistake, picture: Image, load_training_picture: Callable[[str], Image | None], sides: tuple[int, int]
) -> str:
    near = "".join(
        f'<img alt="near training picture: {escape(label, quote=True)}" title="{escape(label, quote=True)}" '
        f'src="{thumbnail_data_uri(image, sides[1])}">'
        for digest, label in zip(mistake.nearest, mistake.nearest_labels, strict=True)
        if (image := load_training_picture(digest)) is not None
    )
    words = escape(f"{mistake.label}, answered as {mistake.answer}", quote=True)
    labels = ", ".join(
        f"{break_name(label)}{f' ×{count}' if count > 1 else ''}"
        for label, count in Counter(mistake.nearest_labels).most_common()
    )
    return (
        f'<div class="card"><div class="pair{"" if near else " alone"}"><img alt="{words}" '
        f'src="{thumbnail_data_uri(picture, sides[0])}">{f"<div class=near>{near}</div>" if near else ""}</div>'
        f'<div><b>{break_name(mistake.label)}</b><br>answered <span class="bad">{break_name(mistake.answer)}</span> '
        f'with {mistake.confidence:.0%}<br><span class="soft">nearest: {labels}</span></div></div>'
    )
