"""For what a frame is decoded: for those classifiers alone that are asked about it."""

from collections.abc import Mapping

from pipelines.inference import Classifier
from pipelines.preprocessing import find_side
from pipelines.scaled_images import Side


def list_sides(
    camera: str, serving: Mapping[str, Classifier], routes: Mapping[str, tuple[str, ...]], only: tuple[str, ...]
) -> set[Side]:
    """Where none is asked that there is, all pixels: a picture that is broken is told all the same."""
    named = routes.get(camera) or tuple(serving)
    asked = [name for name in named if name in serving and (not only or name in only)]
    return {find_side(serving[name]) for name in asked} or {None}
