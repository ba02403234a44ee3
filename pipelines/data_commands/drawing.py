"""`vigia data sample`: the drawn datasets and videos."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pipelines.data_commands.telling import tell_change
from pipelines.terminal import JsonOption, print_json, say


def sample(
    classifier: Annotated[
        str, typer.Argument(help="A classifier with a drawn sample: cars, cats_dogs, celebrities or simpsons.")
    ],
    images: Annotated[int | None, typer.Option(min=1, help="How many; else sample.images of params.yaml.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Same seed, same bytes; else sample.seed.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Draw into this folder, for a camera to play; no dataset is touched.")
    ] = None,
    video: Annotated[
        Path | None,
        typer.Option(help="Draw a 20 s video instead, and FILE.timeline.json beside it: which label is seen when."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Draw the offline sample dataset of a built-in classifier, or a video of its classes."""
    from pipelines.datasets.samples import draw_pictures, draw_sample
    from pipelines.settings import find_workspace

    if video and (out or images):
        raise typer.BadParameter("--video draws one film: leave out --out and --images.")
    workspace = find_workspace()
    if video:
        _draw_video(workspace, classifier, video, seed, as_json=as_json)
        return
    say(f"drawing the sample of {classifier}")
    if out is None:
        tell_change(draw_sample(workspace, classifier, images=images, seed=seed), as_json=as_json)
        return
    drawn = draw_pictures(workspace, classifier, out, images=images, seed=seed)
    say(f"{drawn} pictures in {out}")
    if as_json:
        print_json({"classifier": classifier, "images": drawn, "path": str(out.absolute())})


def _draw_video(workspace: Path, classifier: str, file: Path, seed: int | None, *, as_json: bool) -> None:
    from pipelines.datasets.drawn_video import timeline_path
    from pipelines.datasets.samples import draw_video

    say(f"drawing a video of {classifier}")
    spans = draw_video(workspace, classifier, file, seed=seed)
    for span in spans:
        say(f"{span.from_seconds:6.2f} s to {span.to_seconds:6.2f} s  {span.label}")
    say(f"the video is {file}, its timeline {timeline_path(file)}")
    if as_json:
        print_json(
            {
                "classifier": classifier,
                "path": str(file.absolute()),
                "timeline": str(timeline_path(file).absolute()),
                "spans": [asdict(span) for span in spans],
            }
        )
