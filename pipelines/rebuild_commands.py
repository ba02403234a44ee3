"""`vigia reproduce`: a model version made again, and compared."""

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.terminal import JsonOption, print_json, say

if TYPE_CHECKING:
    from pipelines.rebuilding.rebuilding import Rebuilt

rebuild_app = typer.Typer(rich_markup_mode=None)


@rebuild_app.command()
def reproduce(
    classifier: Annotated[str, typer.Argument(help="A registered classifier.")],
    version: Annotated[int, typer.Argument(min=1, help="The version to make again.")],
    tolerance: Annotated[
        float, typer.Option(min=0.0, help="How far a metric or a probability may be from the registered one.")
    ] = 0.0001,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the scratch folder there, and say where.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a version again from its code, pictures, parameters and seed, in a scratch folder, and compare.

    The workspace, its repository and its cache are only read. Exit code 1 when metrics or predictions differ.
    """
    from pipelines.rebuilding.rebuilding import rebuild
    from pipelines.settings import find_workspace, load_settings

    rebuilt = rebuild(load_settings(), find_workspace(), classifier, version, say, tolerance=tolerance, keep=keep)
    if as_json:
        print_json(describe_rebuilt(rebuilt, tolerance))
    else:
        say(tell_rebuilt(rebuilt, tolerance))
    if not (rebuilt.same_metrics and rebuilt.same_predictions):
        sys.exit(
            f"error: Expected {classifier} version {version} as it was registered, within {tolerance:g}; the rebuilt "
            "model differs. Look at what is not as it was, or allow more with --tolerance."
        )


def describe_rebuilt(rebuilt: "Rebuilt", tolerance: float) -> dict[str, Any]:
    """The document of `vigia reproduce --json`."""
    ancestry, predictions = rebuilt.ancestry, rebuilt.predictions
    every = (*rebuilt.metric_differences, *predictions.differences, *rebuilt.environment_differences)
    return {
        "classifier": ancestry.model.classifier,
        "version": ancestry.model.version,
        "same_metrics": rebuilt.same_metrics,
        "same_predictions": rebuilt.same_predictions,
        "same_weights": rebuilt.same_weights,
        "differences": [asdict(each) for each in every],
        "tolerance": tolerance,
        "metrics": {
            name: {"expected": ancestry.run.metrics.get(name), "received": value}
            for name, value in rebuilt.metrics.items()
        },
        "predictions": {
            "pictures": predictions.pictures,
            "of": predictions.kind,
            "max_difference": predictions.max_difference,
            "top1_agreement": predictions.top1_agreement,
        },
        "same_environment": not rebuilt.environment_differences if ancestry.environment.python else None,
        "dataset_md5": ancestry.dataset.md5,
        "git_commit": ancestry.code.commit,
        "patched": ancestry.code.patch_sha256 is not None,
        "seconds": rebuilt.seconds,
        "kept": rebuilt.kept,
    }


def tell_rebuilt(rebuilt: "Rebuilt", tolerance: float) -> str:
    """The same in a few lines."""
    ancestry, predictions = rebuilt.ancestry, rebuilt.predictions
    lines = [
        f"{name:18} {_figure(ancestry.run.metrics.get(name))} {_figure(value)}"
        for name, value in rebuilt.metrics.items()
    ]
    lines += [f"{each.what}: {each.expected} then, {each.received} now" for each in predictions.differences]
    verdict = "the same" if rebuilt.same_metrics and rebuilt.same_predictions else "not the same"
    weights = "every weight the same" if rebuilt.same_weights else "other weights"
    lines.append(
        f"{ancestry.model.classifier} version {ancestry.model.version} made again in {rebuilt.seconds:.0f} s: "
        f"{verdict} within {tolerance:g}; probabilities of {predictions.pictures} {predictions.kind} pictures at most "
        f"{predictions.max_difference:.1e} apart, {weights}"
    )
    if rebuilt.kept:
        lines.append(f"kept: {rebuilt.kept}")
    return "\n".join(lines)


def _figure(value: float | None) -> str:
    return f"{'-':>12}" if value is None else f"{value:12.6f}"
