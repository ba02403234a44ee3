"""`vigia classify`: pictures, folders and videos answered by a registered version, without any service."""

import csv
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.terminal import JsonOption, print_json, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipelines.classifying.pictures import PictureAnswer
    from pipelines.classifying.sources import Source
    from pipelines.classifying.videos import VideoAnswer
    from pipelines.consensus_params import ConsensusParams

classify_app = typer.Typer(rich_markup_mode=None)


@classify_app.command()
def classify(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATH...", help="Pictures, videos, folders, patterns; - reads one picture from stdin."),
    ] = None,
    *,
    classifier: Annotated[str, typer.Option(help="A registered classifier.")],
    model: Annotated[int | None, typer.Option(min=1, metavar="VERSION", help="Else the production version.")] = None,
    top: Annotated[int, typer.Option(min=1, help="So many labels a picture, best first.")] = 5,
    rate: Annotated[float, typer.Option(min=0.001, max=1000, help="Frames of a video, a second.")] = 5.0,
    video_out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The video as MP4 with its answers drawn in.")
    ] = None,
    heatmap: Annotated[
        Path | None, typer.Option(metavar="FILE|DIR", help="What each picture's label rests on, as a picture.")
    ] = None,
    paths_from: Annotated[
        str | None, typer.Option(metavar="FILE", help="A list of paths, one a line; - reads it from stdin.")
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV on stdout.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Pictures, folders and videos by the production model, in the code path of the worker."""
    from pipelines.classifying.opening import open_version
    from pipelines.classifying.running import Wishes, classify_sources
    from pipelines.settings import load_settings

    if as_csv and as_json:
        raise typer.BadParameter("Expected one of --json and --csv, received both.")
    sources = _find_sources(paths or [], paths_from)
    _check_outputs(sources, video_out, heatmap)
    opened = open_version(load_settings(), classifier, model, say)
    wishes = Wishes(top=top, per_second=rate, video_out=video_out, heatmap=heatmap)
    if any(source.kind == "video" for source in sources):
        wishes = replace(wishes, policy=_read_policy(classifier))
    printer = Printer(opened.version, opened.precision, as_json=as_json, as_csv=as_csv)
    failed = []
    for answered in classify_sources(opened, sources, wishes, say):
        printer.add(answered)
        if answered.error:
            failed.append(f"{answered.path}: {answered.error}")
            if len(sources) > 1:
                say(failed[-1])
    printer.close()
    _raise_failures(failed, len(sources))


class Printer:
    """Lines and rows as they come, the JSON document at the end."""

    def __init__(self, version: int, precision: str, *, as_json: bool, as_csv: bool) -> None:
        from pipelines.classifying.telling import CSV_COLUMNS

        self._version, self._precision = version, precision
        self._elements: list[dict[str, Any]] | None = [] if as_json else None
        self._csv = csv.writer(sys.stdout, lineterminator="\n") if as_csv else None
        if self._csv:
            self._csv.writerow(CSV_COLUMNS)

    def add(self, answered: "PictureAnswer | VideoAnswer") -> None:
        from pipelines.classifying.telling import csv_rows, describe, lines

        if self._elements is not None:
            self._elements += [
                {**element, "precision": self._precision} for element in describe(answered, self._version)
            ]
        elif self._csv:
            for element in describe(answered, self._version):
                self._csv.writerows(csv_rows(element))
        else:
            for line in lines(answered):
                print(line, flush=True)

    def close(self) -> None:
        if self._elements is not None:
            print_json(self._elements)


def _find_sources(paths: list[str], paths_from: str | None) -> "Sequence[Source]":
    from pipelines.classifying.sources import find_sources, read_list

    if paths_from == "-" and "-" in paths:
        raise typer.BadParameter("Expected standard input to be a picture or a list of paths, received - for both.")
    listed = read_list(paths_from) if paths_from is not None else ()
    sources = find_sources([*paths, *listed])
    if not sources:
        raise typer.BadParameter("Expected at least one PATH: a picture, a video, a folder, a pattern, or -.")
    return sources


def _read_policy(classifier: str) -> "ConsensusParams":
    """Of params.yaml, where this is a workspace."""
    from pipelines.consensus_params import ConsensusParams
    from pipelines.params import PARAMS_FILE, load_params

    if not Path(PARAMS_FILE).is_file():
        return ConsensusParams()
    section = load_params(Path.cwd()).classifiers.get(classifier)
    return section.consensus if section else ConsensusParams()


def _check_outputs(sources: "Sequence[Source]", video_out: Path | None, heatmap: Path | None) -> None:
    videos = [source.path for source in sources if source.kind == "video"]
    if len(sources) == 1 and sources[0].kind == "nothing":
        return
    if video_out is not None and (len(videos) != 1 or len(sources) != 1):
        raise typer.BadParameter(
            f"Expected one video for --video-out, received {len(videos)} videos and "
            f"{len(sources) - len(videos)} other files."
        )
    if video_out is not None:
        _check_video_out(video_out, videos[0])
    if heatmap is not None and videos:
        raise typer.BadParameter(f"Expected pictures for --heatmap, received the video {videos[0]}.")


def _check_video_out(file: Path, video: str) -> None:
    if file.suffix.lower() != ".mp4" or file.is_dir() or not file.absolute().parent.is_dir():
        raise typer.BadParameter(f"Expected a name ending in .mp4 in a folder that exists for --video-out: {file}.")
    if file.exists() and file.samefile(video):
        raise typer.BadParameter(f"Expected another file than the video itself for --video-out, received {file}.")


def _raise_failures(failed: list[str], asked: int) -> None:
    from pipelines.errors import ImageError

    if failed and asked == 1:
        raise ImageError(failed[0])
    if failed:
        raise ImageError(f"Expected {asked} files that can be read, {len(failed)} cannot. They are named above.")
