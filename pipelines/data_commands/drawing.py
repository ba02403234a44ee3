"""`vigia data sample`: the drawn datasets."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.data_commands.telling import tell_change
from pipelines.terminal import JsonOption, print_json, say


def sample(
    classifier: Annotated[str, typer.Argument(help="A built-in classifier with a drawn sample: cars.")],
    images: Annotated[int | None, typer.Option(min=1, help="How many; else sample.images of params.yaml.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Same seed, same bytes; else sample.seed.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Draw into this folder, for a camera to play; no dataset is touched.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Draw the offline sample dataset of a built-in classifier."""
    from pipelines.datasets.samples import draw_pictures, draw_sample
    from pipelines.settings import find_workspace

    workspace = find_workspace()
    say(f"drawing the sample of {classifier}")
    if out is None:
        tell_change(draw_sample(workspace, classifier, images=images, seed=seed), as_json=as_json)
        return
    drawn = draw_pictures(workspace, classifier, out, images=images, seed=seed)
    say(f"{drawn} pictures in {out}")
    if as_json:
        print_json({"classifier": classifier, "images": drawn, "path": str(out.absolute())})
