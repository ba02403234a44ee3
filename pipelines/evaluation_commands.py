"""`vigia evaluate` and `vigia compare`: registered versions measured in the runtime that serves them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.terminal import JsonOption, print_json, say

if TYPE_CHECKING:
    from pipelines.evaluation.comparison import Change, Comparison
    from pipelines.evaluation.evaluating import Evaluation
    from pipelines.evaluation.labelled import LabelledPicture
    from pipelines.evaluation.slices import Looks
    from pipelines.evaluation.versions import OpenedVersion
    from pipelines.stage_params import ClassifierParams

evaluation_app = typer.Typer(rich_markup_mode=None)

DataOption = Annotated[
    Path | None, typer.Option(help="A labelled folder in any known layout; else the test split of this workspace.")
]


@evaluation_app.command()
def evaluate(
    classifier: Annotated[str, typer.Argument(help="A registered classifier.")],
    model: Annotated[int | None, typer.Option(min=1, help="Version; else production, else the newest.")] = None,
    data: DataOption = None,
    unknown: Annotated[
        Path | None,
        typer.Option(help="Pictures of other things, to be refused; else other classifiers' test pictures."),
    ] = None,
    video: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A labelled video instead: its frames and their consensus.")
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What it shows when: CSV with start_seconds,end_seconds,label."),
    ] = None,
    label: Annotated[str | None, typer.Option(help="What it shows from its beginning to its end.")] = None,
    rate: Annotated[float, typer.Option(min=0.001, max=1000, help="Frames of the video, a second.")] = 5.0,
    as_json: JsonOption = False,
) -> None:
    """The full report on any version and any labelled pictures, or on a labelled video."""
    _check_video_options(video, labels, label, data or unknown)
    if video:
        _evaluate_video(classifier, model, video, labels or label or "", rate, as_json=as_json)
        return
    from pipelines.evaluation.reports import place_report, write_version_report
    from pipelines.evaluation.versions import choose_version, evaluate_version, open_version
    from pipelines.registry import open_registry
    from pipelines.settings import find_workspace, load_settings

    workspace, settings = find_workspace(), load_settings()
    registry = open_registry(settings)
    params = read_params(workspace, classifier)
    with open_version(registry, classifier, choose_version(registry, classifier, model)) as opened:
        pictures, looks = read_pictures(workspace, classifier, data, params)
        say(f"{classifier} version {opened.version} on {len(pictures):,} pictures")
        strangers = read_unknown(workspace, opened, unknown)
        measured = evaluate_version(opened, pictures, looks(), strangers, params.evaluate)
    folder = place_report(settings.state, classifier, (opened.version,), data)
    report = write_version_report(folder, opened, measured, data, workspace / "data" / "prepared" / classifier)
    say(f"report: {report}")
    if as_json:
        print_json(describe_evaluation(classifier, opened.version, measured.evaluation, report))
    else:
        tell_evaluation(measured.evaluation)


@evaluation_app.command()
def compare(
    classifier: Annotated[str, typer.Argument(help="A registered classifier.")],
    first: Annotated[int, typer.Argument(min=1, help="A version.")],
    second: Annotated[int, typer.Argument(min=1, help="The version that is compared with it.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Two versions on the same pictures: what each gets right that the other does not."""
    from pipelines.evaluation.comparing import answer_as
    from pipelines.evaluation.comparison import compare_answers
    from pipelines.evaluation.reports import place_report, write_comparison_report
    from pipelines.evaluation.versions import open_version
    from pipelines.registry import open_registry
    from pipelines.settings import find_workspace, load_settings

    workspace, settings = find_workspace(), load_settings()
    registry = open_registry(settings)
    with (
        open_version(registry, classifier, first) as before,
        open_version(registry, classifier, second) as after,
    ):
        pictures, _ = read_pictures(workspace, classifier, data, read_params(workspace, classifier))
        say(f"{classifier}: versions {first} and {second} on {len(pictures):,} pictures")
        answers = answer_as((before, after), pictures)
    comparison = compare_answers([picture.label for picture in pictures], *answers)
    folder = place_report(settings.state, classifier, (first, second), data)
    report = write_comparison_report(folder, classifier, comparison, pictures, data)
    say(f"report: {report}")
    if as_json:
        print_json(describe_comparison(comparison, pictures, report))
    else:
        tell_comparison(comparison, pictures)


def _check_video_options(video: Path | None, labels: Path | None, label: str | None, pictures: Path | None) -> None:
    if video is None and (labels or label is not None):
        raise typer.BadParameter("Expected --video with --labels or --label: they say what a video shows.")
    if video and pictures:
        raise typer.BadParameter("Expected either a video or pictures, received --video with --data or --unknown.")
    if video and (labels is None) == (label is None):
        raise typer.BadParameter("Expected one of --labels FILE and --label LABEL with --video.")
    if video and not video.is_file():
        from pipelines.errors import VideoError

        raise VideoError(f"Expected a video at {video}, there is none. Correct the path.")


def _evaluate_video(
    classifier: str, model: int | None, video: Path, labels: Path | str, rate: float, *, as_json: bool
) -> None:
    from pipelines.classifying.opening import open_version
    from pipelines.classifying.pictures import Pool
    from pipelines.consensus import evaluating
    from pipelines.consensus.page import write_video_report
    from pipelines.consensus.timeline import label_whole, read_timeline
    from pipelines.datasets.threads import count_cores
    from pipelines.evaluation.reports import place_report
    from pipelines.evaluation.versions import choose_version
    from pipelines.registry import open_registry
    from pipelines.settings import find_workspace, load_settings

    workspace, settings = find_workspace(), load_settings()
    policy = read_params(workspace, classifier).consensus
    opened = open_version(settings, classifier, choose_version(open_registry(settings), classifier, model), say)
    names = opened.card.class_names
    spans = read_timeline(labels, names) if isinstance(labels, Path) else label_whole(labels, names)
    say(f"{classifier} version {opened.version} on {video}, {rate:g} frames a second")
    pool = Pool(opened.load(threads=count_cores()))
    evaluation = evaluating.evaluate_video(pool, str(video.resolve()), spans, rate, policy, say)
    title = f"{classifier} version {opened.version} on {video.name}"
    report = write_video_report(place_report(settings.state, classifier, (opened.version,), video), title, evaluation)
    say(f"report: {report}")
    if as_json:
        document = {"classifier": classifier, "model_version": opened.version}
        print_json({**document, **evaluating.describe_evaluation(evaluation), "report": str(report)})
    else:
        evaluating.tell_evaluation(evaluation)


def read_params(workspace: Path, classifier: str) -> "ClassifierParams":
    """Of params.yaml, else the defaults: a version may be of a classifier that this workspace never had."""
    from pipelines.params import load_params
    from pipelines.stage_params import ClassifierParams

    return load_params(workspace).classifiers.get(classifier, ClassifierParams())


def read_pictures(
    workspace: Path, classifier: str, data: Path | None, params: "ClassifierParams"
) -> "tuple[tuple[LabelledPicture, ...], Callable[[], tuple[Looks, ...]]]":
    """Of a folder, else of the workspace's test split; and what finds out how they look."""
    from pipelines.evaluation.labelled import decode_pictures, read_labelled_folder, read_test_split
    from pipelines.evaluation.slices import measure_looks, read_looks

    if data:
        pictures = read_labelled_folder(data, classifier, params.prepare)
        return pictures, lambda: measure_looks(decode_pictures(pictures))
    prepared = workspace / "data" / "prepared" / classifier
    pictures = read_test_split(prepared)
    return pictures, lambda: read_looks(prepared, [picture.name for picture in pictures])


def read_unknown(
    workspace: Path, opened: "OpenedVersion", folder: Path | None
) -> "Mapping[str, Sequence[LabelledPicture]]":
    """Pictures that should be refused, by where they are from; each group is named to the person."""
    from pipelines.evaluation.labelled import read_any_pictures
    from pipelines.evaluation.strangers import read_strangers

    groups: Mapping[str, Sequence[LabelledPicture]]
    if folder:
        groups = {folder.resolve().name: read_any_pictures(folder)}
    else:
        groups = read_strangers(workspace, opened.card.classifier, opened.card.class_names)
    for name, pictures in groups.items():
        say(f"unknown: {len(pictures):,} {'' if folder else 'test '}pictures of {name}, which should be refused")
    if not groups:
        say("unknown: no other classifier has prepared pictures here; name a folder with --unknown")
    return groups


def describe_evaluation(classifier: str, version: int, evaluation: "Evaluation", report: Path) -> dict[str, Any]:
    """The document of `vigia evaluate --json`; the points of the curves are in report.json beside the report."""
    document = {"classifier": classifier, "model_version": version, "metrics": evaluation.report.metrics()}
    document |= {key: value for key, value in evaluation.document().items() if key not in ("curves", "risk_coverage")}
    return document | {"report": str(report)}


def tell_evaluation(evaluation: "Evaluation") -> None:
    """The same in a table."""
    for name, interval in evaluation.intervals.items():
        print(f"{name:22} {interval.value:.4f}   95 % {interval.low:.4f} to {interval.high:.4f}")
    for name in ("balanced_accuracy", "top5", "log_loss", "brier"):
        print(f"{name:22} {evaluation.report.metrics()[name]:.4f}")
    floor = evaluation.ece_floor
    print(f"{'ece':22} {evaluation.report.ece:.4f}   {evaluation.ece_before:.4f} before scaling")
    print(f"{'ece if calibrated':22} {floor.value:.4f}   95 % {floor.low:.4f} to {floor.high:.4f}")
    for name, value in evaluation.robustness.items():
        print(f"{'as they are' if name == 'none' else name:22} {value:.4f}")
    for each in evaluation.slices:
        print(f"{each.name:22} {each.accuracy:.4f}   95 % {each.low:.4f} to {each.high:.4f}   {each.pictures} pictures")
    print(f"{'refused though known':22} {evaluation.refused:.4f}")
    for group in evaluation.strangers:
        print(f"{f'unknown, {group.name}':22} {group.refused:.4f} refused   AUROC {group.auroc:.4f}")
    if evaluation.latency:
        print(f"{'ms a picture, 1 thread':22} {evaluation.latency.p50:.1f}   p95 {evaluation.latency.p95:.1f}")


def describe_comparison(
    comparison: "Comparison", pictures: "tuple[LabelledPicture, ...]", report: Path
) -> dict[str, Any]:
    """The document of `vigia compare --json`."""
    from dataclasses import asdict

    document = asdict(comparison)
    document |= {"better": len(comparison.better), "worse": len(comparison.worse), "verdict": comparison.verdict}
    for name, changes in (("better_pictures", comparison.better), ("worse_pictures", comparison.worse)):
        document[name] = [{"path": pictures[change.index].name, **asdict(change)} for change in changes]
    return document | {"report": str(report)}


def tell_comparison(comparison: "Comparison", pictures: "tuple[LabelledPicture, ...]") -> None:
    """The same in words."""
    (first, second), (before, after) = comparison.versions, comparison.accuracy
    print(f"version {first}: accuracy {before:.4f}, {comparison.latency[0].p50:.1f} ms a picture")
    print(f"version {second}: accuracy {after:.4f}, {comparison.latency[1].p50:.1f} ms a picture")
    gap = comparison.difference
    print(f"difference {gap.value:+.4f} (95 % {gap.low:+.4f} to {gap.high:+.4f}), p {comparison.p_value:.4f}")
    for title, changes in (("better", comparison.better), ("worse", comparison.worse)):
        print(f"{title}: {len(changes)} pictures")
        for change in changes[:5]:
            print(f"  {_describe_change(change, pictures)}")
    print(comparison.verdict)


def _describe_change(change: "Change", pictures: "tuple[LabelledPicture, ...]") -> str:
    return f"{pictures[change.index].name}: {change.before} -> {change.after}, is {change.label}"
