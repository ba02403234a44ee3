"""`vigia tune`: a search for better params; what it finds is proposed, and written only when asked."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pipelines.terminal import JsonOption, print_json, say

if TYPE_CHECKING:
    from pipelines.tuning.study import TrialResult, TuneOutcome

tuning_app = typer.Typer(rich_markup_mode=None)
Search = Literal["grid", "random", "tpe"]


@tuning_app.command()
def tune(
    classifier: Annotated[str, typer.Argument(help="A classifier of params.yaml with a dataset.")],
    trials: Annotated[
        int | None, typer.Option(min=1, help="Trials of the study in all, earlier ones included; else tune.trials.")
    ] = None,
    search: Annotated[Search | None, typer.Option(help="Else tune.search of params.yaml.")] = None,
    study: Annotated[str | None, typer.Option(help="Name of the study to make or continue; else by the data.")] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Write the best params into params.yaml.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Try params of the section `tune` on the validation split, in a study that can be continued."""
    from pipelines.params import propose_params, set_params
    from pipelines.settings import find_workspace
    from pipelines.tuning.searching import Wanted, tune_classifier

    workspace = find_workspace()
    outcome = tune_classifier(workspace, classifier, Wanted(trials, search, study), told=tell_trial)
    best = {key: _yaml(value) for key, value in outcome.best_params.items()}
    change = propose_params(workspace, classifier, best)
    if as_json:
        print_json(describe_outcome(outcome, change))
    else:
        tell_outcome(outcome)
        print(change, end="")
    if apply:
        set_params(workspace, classifier, best)
    say(tell_change(classifier, change, applied=apply))


def describe_outcome(outcome: "TuneOutcome", change: str) -> dict[str, Any]:
    """The document of `vigia tune --json`."""
    return {
        "best_params": dict(outcome.best_params),
        "best_value": outcome.best_value,
        "trials": outcome.trials,
        "importance": dict(outcome.importance),
        "change": change,
    }


def tell_trial(trial: "TrialResult") -> None:
    """A line a trial, while the search goes on."""
    values = "  ".join(f"{key}={_short(value)}" for key, value in trial.values.items())
    figure = trial.error or (f"{trial.value:.4f}" if trial.value is not None else f"after {len(trial.epochs)} epochs")
    say(f"trial {trial.number:>3}  {trial.state:8}  {figure}  {values}")


def tell_outcome(outcome: "TuneOutcome") -> None:
    """The best value, and which keys made the difference."""
    say(f"best of {outcome.trials} trials: validation accuracy {outcome.best_value:.4f}")
    for key, share in outcome.importance.items():
        say(f"  {share:>5.0%} of the differences come from {key}")


def tell_change(classifier: str, change: str, *, applied: bool) -> str:
    """What became of the best params."""
    if not change:
        return "params.yaml holds the best params already."
    if applied:
        return f"params.yaml holds the best params now. To train with them: vigia train {classifier}"
    return f"params.yaml is as it was. To write this change: vigia tune {classifier} --apply, or `git apply` it."


def _yaml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
