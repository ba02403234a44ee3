"""`vigia models`, `promote` and `rollback`: the registry in a table, its log book, and its aliases moved by hand."""

import textwrap
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.terminal import JsonOption, print_json, say

if TYPE_CHECKING:
    from pipelines.promotion.decisions import ModelDecision
    from pipelines.promotion.log_book import LogBook
    from pipelines.registry import ModelVersion, Registry

ClassifierArgument = Annotated[str, typer.Argument(help="A registered classifier.")]


class ModelsGroup(typer.core.TyperGroup):
    """`vigia models [CLASSIFIER]` lists; another command's name as the first word is that command."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] != "--help"):
            args = ["list", *args]
        return super().parse_args(ctx, args)


registry_app = typer.Typer(rich_markup_mode=None)
models_app = typer.Typer(cls=ModelsGroup, rich_markup_mode=None)
registry_app.add_typer(models_app, name="models")


@models_app.callback()
def models() -> None:
    """Every model version with its aliases and figures; `vigia models CLASSIFIER` is short for `list CLASSIFIER`."""


@models_app.command("list")
def list_models(
    classifier: Annotated[str | None, typer.Argument(help="Only this classifier.")] = None,
    history: Annotated[
        bool, typer.Option("--history", help="The log book instead: every decision, who took it and why.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Every model version, newest first, or with --history every decision, oldest first."""
    registry, book = _open()
    names = [classifier] if classifier else registry.classifiers()
    if history:
        list_history(registry, book, names, as_json=as_json)
        return
    rows = [describe_version(registry, version) for name in names for version in registry.versions(name)]
    if as_json:
        print_json(rows)
        return
    if not rows:
        say("No model version yet. Train one with `vigia train cars`.")
        return
    print(f"{'classifier':14}  {'version':>7}  {'precision':9}  {'accuracy':>8}  {'made':16}  {'gate':8}  aliases")
    for row in rows:
        print(draw_version(row))


@models_app.command()
def delete(
    classifier: ClassifierArgument,
    version: Annotated[int, typer.Argument(min=1, help="A version without an alias.")],
) -> None:
    """Delete a version; one that holds an alias is refused."""
    from pipelines.promotion.moving import delete_version

    registry, book = _open()
    delete_version(registry, book, classifier, version)
    say(f"{classifier}: version {version} is deleted; its run stays in MLflow")


@registry_app.command()
def promote(
    classifier: ClassifierArgument,
    version: Annotated[int, typer.Argument(min=1, help="The version that shall serve.")],
    force: Annotated[bool, typer.Option("--force", help="Whatever the gate says; needs --reason.")] = False,
    reason: Annotated[str | None, typer.Option(help="Why; kept in the log book.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Make a version production when it passes the gate; the one that served becomes previous."""
    from pipelines.errors import GateError
    from pipelines.promotion.judging import promote_by_hand
    from pipelines.settings import find_workspace

    note = (reason or "").strip() or None
    if force and note is None:
        raise typer.BadParameter('a forced promotion needs a reason. Say it with --reason "…"', param_hint="--force")
    registry, book = _open()
    registry.version(classifier, version)  # an unknown one is said before anything else
    before = registry.version_of_alias(classifier, "production")
    if not force and before != version:
        say(f"{classifier}: version {version} and the test pictures, beside production {before or '(none)'}")
    decision, promoted = promote_by_hand(registry, book, find_workspace(), classifier, version, force=force, note=note)
    if as_json:
        document = {"classifier": classifier, "version": version, "from_version": before, "promoted": promoted}
        rules = [{"rule": each.rule, "passed": each.passed, "reason": each.reason} for each in decision.findings]
        print_json({**document, "gate": {"passed": decision.passed, "reasons": decision.reasons, "rules": rules}})
    if not promoted:
        raise GateError(
            f"Expected {classifier} version {version} to pass the gate, it is refused: {'; '.join(decision.reasons)}. "
            f'To promote it all the same: vigia promote {classifier} {version} --force --reason "…".'
        )
    if not as_json:
        for finding in decision.findings:
            say(f"  {finding.reason}")
    again = " already" if before == version else f", before it {before or 'none'}"
    say(f"{classifier}: version {version} is production{again}")


@registry_app.command()
def rollback(
    classifier: ClassifierArgument,
    reason: Annotated[str | None, typer.Option(help="Why; kept in the log book.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Swap production and previous."""
    from pipelines.promotion.moving import move_back
    from pipelines.registry import GUARD_TAG

    registry, book = _open()
    before = registry.version_of_alias(classifier, "previous")
    if before and (failed := registry.version(classifier, before).tags.get(GUARD_TAG)):
        say(f"warning: version {before} failed live before and was rolled back: {failed}")
    decision = move_back(registry, book, classifier, (reason or "").strip() or None)
    was, now = decision.from_version, decision.to_version
    if as_json:
        print_json({"classifier": classifier, "version": now, "from_version": was})
    say(f"{classifier}: version {now} is production again" + (f", version {was} is previous" if was else ""))


def list_history(registry: "Registry", book: "LogBook", names: "list[str] | tuple[str, ...]", *, as_json: bool) -> None:
    """The log book, oldest first."""
    from pipelines.promotion.history import read_history

    decisions = sorted(
        (each for name in names for each in read_history(registry, book, name)), key=lambda each: each.at
    )
    if as_json:
        print_json([each.document() for each in decisions])
        return
    if not decisions:
        say("No decision yet. `vigia train cars` makes the first.")
    for each in decisions:
        print(draw_decision(each))


def draw_decision(decision: "ModelDecision") -> str:
    """When (local time), who, what, then why."""
    head = f"{decision.at.astimezone():%Y-%m-%d %H:%M}  {decision.classifier}: {decision.sentence()}, by {decision.by}"
    said = [f"“{decision.note}”"] if decision.note else []
    # what was forced has no other reason than what the person said
    reasons = () if decision.event == "forced" else decision.reasons
    lines = [
        textwrap.fill(reason, 118, initial_indent=" " * 18 + "- ", subsequent_indent=" " * 20)
        for reason in (*said, *reasons)
    ]
    return "\n".join((head, *lines))


def draw_version(row: dict[str, Any]) -> str:
    """A line of the table."""
    accuracy = row["metrics"].get("accuracy")
    figure = "-" if accuracy is None else f"{accuracy:.3f}"
    verdict = (row["gate"] or "-").partition(":")[0]
    made = f"{row['created_at'].astimezone():%Y-%m-%d %H:%M}"
    aliases = ", ".join(row["aliases"])
    head = f"{row['classifier']:14}  {row['version']:>7}  {row['precision']:9}"
    return f"{head}  {figure:>8}  {made}  {verdict:8}  {aliases}".rstrip()


def describe_version(registry: "Registry", version: "ModelVersion") -> dict[str, Any]:
    """One row of `vigia models --json`."""
    metrics = registry.metrics(version)
    return {
        "classifier": version.classifier,
        "version": version.version,
        "aliases": list(version.aliases),
        "precision": version.precision(metrics),
        "made_from": version.tags.get("vigia.made_from"),
        "metrics": metrics,
        "gate": version.tags.get("vigia.gate"),
        "dataset_md5": version.tags.get("vigia.dataset.md5"),
        "git_commit": version.tags.get("vigia.git.commit"),
        "created_at": version.created_at,
    }


def _open() -> "tuple[Registry, LogBook]":
    from pipelines.promotion.log_book import LogBook
    from pipelines.registry import open_registry
    from pipelines.settings import load_settings

    settings = load_settings()
    return open_registry(settings), LogBook(settings.resolve_database_url())
