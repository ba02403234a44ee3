"""`vigia evaluate` and `vigia compare`: registered versions measured in the runtime that serves them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.terminal import JsonOption, print_json, say

if TYPE_CHECKING:
    from pipelines.evaluation.comparison import Change, Comparison
    from pipelines.evaluation.evaluating import Evaluation
    from pipelines.evaluation.labelled import LabelledPicture

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
        Path | None, typer.Option(help="A folder of pictures of other things, which should be refused.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """The full report on any version and any labelled pictures."""
    from pipelines.evaluation.labelled import read_labelled_folder
    from pipelines.evaluation.versions import choose_version, evaluate_version, open_version
    from pipelines.params import load_params
    from pipelines.registry import open_registry
    from pipelines.settings import find_workspace, load_settings

    workspace, settings = find_workspace(), load_settings()
    registry = open_registry(settings)
    params = load_params(workspace).classifiers.get(classifier)
    pictures = read_pictures(workspace, classifier, data)
    strange = read_labelled_folder(unknown) if unknown else ()
    with open_version(registry, classifier, choose_version(registry, classifier, model)) as opened:
        say(f"{classifier} version {opened.version} on {len(pictures)} pictures")
        evaluation = evaluate_version(opened, pictures, strange, (params or _defaults()).evaluate)
        version = opened.version
    if as_json:
        print_json({"classifier": classifier, "model_version": version, **describe_evaluation(evaluation)})
    else:
        tell_evaluation(evaluation)


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
    from pipelines.evaluation.versions import open_version
    from pipelines.registry import open_registry
    from pipelines.settings import find_workspace, load_settings

    registry = open_registry(load_settings())
    pictures = read_pictures(find_workspace(), classifier, data)
    with (
        open_version(registry, classifier, first) as before,
        open_version(registry, classifier, second) as after,
    ):
        say(f"{classifier}: versions {first} and {second} on {len(pictures)} pictures")
        answers = answer_as((before, after), pictures)
    comparison = compare_answers([picture.label for picture in pictures], *answers)
    if as_json:
        print_json(describe_comparison(comparison, pictures))
    else:
        tell_comparison(comparison, pictures)


def read_pictures(workspace: Path, classifier: str, data: Path | None) -> "tuple[LabelledPicture, ...]":
    """Of a folder, else of the workspace's test split."""
    from pipelines.evaluation.labelled import read_labelled_folder, read_test_split

    return read_labelled_folder(data) if data else read_test_split(workspace / "data" / "prepared" / classifier)


def describe_evaluation(evaluation: "Evaluation") -> dict[str, Any]:
    """The document of `vigia evaluate --json`."""
    return {"metrics": evaluation.report.metrics(), **evaluation.document()}


def tell_evaluation(evaluation: "Evaluation") -> None:
    """The same in a table."""
    for name, interval in evaluation.intervals.items():
        print(f"{name:22} {interval.value:.4f}   95 % {interval.low:.4f} to {interval.high:.4f}")
    for name in ("balanced_accuracy", "top5", "log_loss", "brier"):
        print(f"{name:22} {evaluation.report.metrics()[name]:.4f}")
    print(f"{'ece before scaling':22} {evaluation.ece_before:.4f}")
    for name, value in evaluation.unknown.items():
        print(f"{name:22} {value:.4f}")
    for name, value in evaluation.robustness.items():
        print(f"{'as they are' if name == 'none' else name:22} {value:.4f}")
    if evaluation.latency:
        print(f"{'ms a picture, 1 thread':22} {evaluation.latency.p50:.1f}   p95 {evaluation.latency.p95:.1f}")


def describe_comparison(comparison: "Comparison", pictures: "tuple[LabelledPicture, ...]") -> dict[str, Any]:
    """The document of `vigia compare --json`."""
    from dataclasses import asdict

    document = asdict(comparison)
    document |= {"better": len(comparison.better), "worse": len(comparison.worse), "verdict": comparison.verdict}
    for name, changes in (("better_pictures", comparison.better), ("worse_pictures", comparison.worse)):
        document[name] = [{"path": pictures[change.index].name, **asdict(change)} for change in changes]
    return document


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


def _defaults() -> Any:
    from pipelines.stage_params import ClassifierParams

    return ClassifierParams()
