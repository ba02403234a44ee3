"""`vigia train`: the training flow here and now."""

from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.terminal import JsonOption, print_json, say

if TYPE_CHECKING:
    from flows.training import TrainingOutcome

app = typer.Typer(rich_markup_mode=None)


@app.callback()
def flows() -> None:
    """Commands of this folder."""


@app.command()
def train(
    ctx: typer.Context,
    classifier: Annotated[str, typer.Argument(help="A classifier of params.yaml.")],
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change params.yaml first, such as train.epochs=20."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Train, register a candidate, and promote it when it passes the gate."""
    from flows.foreground import train_here

    outcome = train_here(classifier, changes or [], start_prefect=lambda: ctx.obj("prefect"))
    if as_json:
        print_json(describe_outcome(outcome))
    else:
        say(tell_outcome(outcome))


def describe_outcome(outcome: "TrainingOutcome") -> dict[str, object]:
    """The document of `vigia train --json`."""
    return {
        "classifier": outcome.classifier,
        "run_id": outcome.run_id,
        "model_version": outcome.model_version,
        "metrics": outcome.metrics,
        "gate": {"passed": outcome.gate.passed, "reasons": list(outcome.gate.reasons)},
        "promoted": outcome.promoted,
        "seconds": outcome.seconds,
    }


def tell_outcome(outcome: "TrainingOutcome") -> str:
    """The same in a sentence."""
    verdict = "serves as production" if outcome.promoted else "stays a candidate"
    # of a version that passed, the first rule says why it serves; the others are above, as the gate asked them
    reasons = outcome.gate.reasons[:1] if outcome.gate.passed else outcome.gate.reasons
    return (
        f"{outcome.classifier} version {outcome.model_version}: accuracy {outcome.metrics['accuracy']:.3f} on "
        f"{outcome.metrics['pictures']:.0f} test pictures, {outcome.seconds:.0f} s. "
        f"It {verdict}: {'; '.join(reasons)}."
    )
